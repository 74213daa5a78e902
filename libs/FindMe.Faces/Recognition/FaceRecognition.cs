namespace FindMe.Faces;

/// <summary>Step 5: an aligned chip → the face's embedding.</summary>
internal sealed class FaceRecognition : IDisposable
{
    /// <summary>Names the model in <see cref="FaceEngine.Recipe"/>.</summary>
    public const string Version = "fr_feature";

    private readonly ModelFile _model;

    private FaceRecognition(ModelFile model) => _model = model;

    /// <exception cref="ModelException">The file is missing or another model.</exception>
    public static FaceRecognition Load(string path) => new(ModelFile.Load(
        path,
        new ModelFile.Tensor("input", -1, 3, FaceAlignment.Side, FaceAlignment.Side),
        new ModelFile.Tensor("output", -1, FaceEmbedding.Length)));

    /// <summary>Aligns a face and embeds it together with its mirror image, whose output is added: what is left of pose cancels out.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="landmarks">The face's points, in pixels of <paramref name="picture"/>.</param>
    public FaceEmbedding Embed(Picture picture, Landmarks landmarks)
    {
        var chips = Buffers.Floats.Rent(2 * FaceAlignment.Length);
        try
        {
            var chip = chips.AsSpan(0, FaceAlignment.Length);
            FaceAlignment.Align(picture, landmarks, chip);
            FaceAlignment.Mirror(chip, chips.AsSpan(FaceAlignment.Length, FaceAlignment.Length));
            return Embed(chips.AsMemory(0, 2 * FaceAlignment.Length));
        }
        finally
        {
            Buffers.Floats.Return(chips);
        }
    }

    public void Dispose() => _model.Dispose();

    private FaceEmbedding Embed(Memory<float> chips)
    {
        using var outputs = _model.Run(chips, 2, Picture.Bands, FaceAlignment.Side, FaceAlignment.Side);
        var rows = outputs[0].GetTensorDataAsSpan<float>();
        Span<float> sum = stackalloc float[FaceEmbedding.Length];
        for (var i = 0; i < sum.Length; i++)
        {
            sum[i] = rows[i] + rows[FaceEmbedding.Length + i];
        }

        return FaceEmbedding.FromModelOutput(sum);
    }
}
