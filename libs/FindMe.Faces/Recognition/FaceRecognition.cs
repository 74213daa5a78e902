using System.Numerics;

namespace FindMe.Faces;

/// <summary>Step 5: landmarks → chip → embedding.</summary>
internal sealed class FaceRecognition : IDisposable
{
    // All counts of chips are multiples of it or smaller.
    private const int MaxBatch = 2;

    private static readonly Crop[] AsItIs = [new(1, 0)];

    // The face as it is, 5 % smaller and larger, and 2.5 of 112 pixels higher and lower: docs/accuracy.md, "A second network".
    private static readonly Crop[] ReferenceCrops = [.. AsItIs, new(0.95f, 0), new(1.05f, 0), new(1, -2.5f / 112), new(1, 2.5f / 112)];

    private readonly RecognitionRecipe _recipe;
    private readonly FaceAlignment _alignment;
    private readonly ModelFile _model;

    private FaceRecognition(RecognitionRecipe recipe, ModelFile model)
    {
        _recipe = recipe;
        _model = model;
        _alignment = new FaceAlignment(recipe.Alignment.Points, recipe.Input.Side);
    }

    /// <summary>Whether the model accepts several chips per run.</summary>
    public bool SupportsBatches => _model.SupportsBatches;

    /// <exception cref="ModelException">The model is missing, damaged, or does not match the recipe.</exception>
    public static FaceRecognition Load(string folder, RecognitionRecipe recipe) => new(recipe, ModelFile.Load(
        Path.Combine(folder, recipe.Model.File),
        new ModelFile.Tensor(recipe.Input.Name, ModelFile.OneOrMany, Picture.Bands, recipe.Input.Side, recipe.Input.Side),
        [new ModelFile.Tensor(recipe.Output.Name, ModelFile.OneOrMany, recipe.Output.Length)],
        recipe.Model.Sha256));

    /// <summary>Crops and embeds a face, averaged with its mirror image if the recipe asks for it.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="box">The detector's box, in pixels of <paramref name="picture"/>.</param>
    /// <param name="landmarks">Landmarks of the face, in pixels of <paramref name="picture"/>.</param>
    public FaceEmbedding Embed(Picture picture, Box box, Landmarks landmarks) => Embed(picture, box, landmarks, AsItIs, _recipe.Mirror);

    /// <summary>Crops and embeds the face of a reference, as the mean of ten views if the recipe asks for it: five crops and their mirror images.</summary>
    /// <inheritdoc cref="Embed(Picture, Box, Landmarks)" path="/param" />
    public FaceEmbedding EmbedReference(Picture picture, Box box, Landmarks landmarks) => _recipe.ReferenceViews
        ? Embed(picture, box, landmarks, ReferenceCrops, mirror: true)
        : Embed(picture, box, landmarks);

    public void Dispose() => _model.Dispose();

    private FaceEmbedding Embed(Picture picture, Box box, Landmarks landmarks, Crop[] crops, bool mirror)
    {
        var length = _alignment.Length;
        var count = crops.Length * (mirror ? 2 : 1);
        var chips = Buffers.Floats.Rent(count * length);
        try
        {
            using (Stages.Start("align"))
            {
                for (var i = 0; i < crops.Length; i++)
                {
                    var chip = chips.AsSpan(i * length, length);
                    Align(picture, box, landmarks, crops[i], chip);
                    Normalize(chip);
                    if (mirror)
                    {
                        Mirror(chip, chips.AsSpan((crops.Length + i) * length, length));
                    }
                }
            }

            using (Stages.Start("embed"))
            {
                return Embed(chips.AsMemory(0, count * length), count);
            }
        }
        finally
        {
            Buffers.Floats.Return(chips);
        }
    }

    private void Align(Picture picture, Box box, Landmarks landmarks, Crop crop, Span<float> chip)
    {
        if (_recipe.IsFaceApi)
        {
            FaceApiCrop.Crop(picture, box, landmarks, _alignment.Side, chip);
            return;
        }

        var centre = new Vector2(_alignment.Side / 2f);
        var toChip = Matrix3x2.CreateTranslation(0, -crop.Down * _alignment.Side) * Matrix3x2.CreateScale(1 / crop.Scale, centre);
        FaceAlignment.Warp(picture, toChip * _alignment.ToPicture(landmarks), _alignment.Side, chip);
    }

    private FaceEmbedding Embed(Memory<float> chips, int count)
    {
        var side = _alignment.Side;
        Span<float> sum = stackalloc float[_recipe.Output.Length];
        var batchSize = _model.SupportsBatches ? Math.Min(count, MaxBatch) : 1;
        for (var first = 0; first < count; first += batchSize)
        {
            var input = chips.Slice(first * _alignment.Length, batchSize * _alignment.Length);
            using var outputs = _model.Run(input, batchSize, Picture.Bands, side, side);
            var rows = outputs[0].GetTensorDataAsSpan<float>();
            for (var i = 0; i < batchSize * sum.Length; i++)
            {
                sum[i % sum.Length] += rows[i] / count;
            }
        }

        return FaceEmbedding.FromModelOutput(sum, _recipe.Metric);
    }

    /// <summary>Converts RGB values of 0 to 255 to the model's channel order and range.</summary>
    private void Normalize(Span<float> chip)
    {
        var plane = _alignment.Side * _alignment.Side;
        var (mean, factor) = (_recipe.Input.Mean, 1 / _recipe.Input.Divisor);
        if (_recipe.Input.Channels == ChannelOrder.Bgr)
        {
            var red = chip[..plane];
            var blue = chip[(2 * plane)..];
            for (var i = 0; i < plane; i++)
            {
                (red[i], blue[i]) = (blue[i], red[i]);
            }
        }

        for (var channel = 0; channel < Picture.Bands; channel++)
        {
            foreach (ref var value in chip.Slice(channel * plane, plane))
            {
                value = (value - mean[channel]) * factor;
            }
        }
    }

    private void Mirror(ReadOnlySpan<float> chip, Span<float> mirrored)
    {
        for (var row = 0; row < chip.Length; row += _alignment.Side)
        {
            chip.Slice(row, _alignment.Side).CopyTo(mirrored[row..]);
            mirrored.Slice(row, _alignment.Side).Reverse();
        }
    }

    /// <summary>A variation of the aligned chip.</summary>
    /// <param name="Scale">Factor of the face's size.</param>
    /// <param name="Down">How far the face is moved down, as a share of the chip's side.</param>
    private readonly record struct Crop(float Scale, float Down);
}
