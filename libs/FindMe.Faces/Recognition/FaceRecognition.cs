namespace FindMe.Faces;

/// <summary>Step 5: landmarks → chip → embedding.</summary>
internal sealed class FaceRecognition : IDisposable
{
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

    private int Chips => _recipe.Mirror ? 2 : 1;

    /// <exception cref="ModelException">The model is missing, damaged, or does not match the recipe.</exception>
    public static FaceRecognition Load(string folder, RecognitionRecipe recipe) => new(recipe, ModelFile.Load(
        Path.Combine(folder, recipe.Model.File),
        recipe.Model.Sha256,
        new ModelFile.Tensor(recipe.Input.Name, ModelFile.OneOrMany, Picture.Bands, recipe.Input.Side, recipe.Input.Side),
        new ModelFile.Tensor(recipe.Output.Name, ModelFile.OneOrMany, recipe.Output.Length)));

    /// <summary>Crops and embeds a face, averaged with its mirror image if the recipe asks for it.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="box">The detector's box, in pixels of <paramref name="picture"/>.</param>
    /// <param name="landmarks">Landmarks of the face, in pixels of <paramref name="picture"/>.</param>
    public FaceEmbedding Embed(Picture picture, Box box, Landmarks landmarks)
    {
        var length = _alignment.Length;
        var chips = Buffers.Floats.Rent(Chips * length);
        try
        {
            var chip = chips.AsSpan(0, length);
            using (Stages.Start("align"))
            {
                if (_recipe.IsFaceApi)
                {
                    FaceApiCrop.Crop(picture, box, landmarks, _alignment.Side, chip);
                }
                else
                {
                    _alignment.Align(picture, landmarks, chip);
                }

                Normalize(chip);
                if (_recipe.Mirror)
                {
                    Mirror(chip, chips.AsSpan(length, length));
                }
            }

            using (Stages.Start("embed"))
            {
                return Embed(chips.AsMemory(0, Chips * length));
            }
        }
        finally
        {
            Buffers.Floats.Return(chips);
        }
    }

    public void Dispose() => _model.Dispose();

    private FaceEmbedding Embed(Memory<float> chips)
    {
        var side = _alignment.Side;
        Span<float> sum = stackalloc float[_recipe.Output.Length];
        var batchSize = _model.SupportsBatches ? Chips : 1;
        for (var first = 0; first < Chips; first += batchSize)
        {
            var input = chips.Slice(first * _alignment.Length, batchSize * _alignment.Length);
            using var outputs = _model.Run(input, batchSize, Picture.Bands, side, side);
            var rows = outputs[0].GetTensorDataAsSpan<float>();
            for (var i = 0; i < batchSize * sum.Length; i++)
            {
                sum[i % sum.Length] += rows[i] / Chips;
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
}
