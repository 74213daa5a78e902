namespace FindMe.ModelBuilder;

/// <summary>Two recognition networks as one model: their outputs side by side, each with a fixed share of the distance.</summary>
/// <remarks>
/// Input <c>input</c> [N, 3, 112, 112]: NCHW, BGR, (value − 127.5) / 128. Output <c>vector</c> [N, 704] of unit length: first
/// <see cref="FrFeature"/>, then <see cref="MobileFaceNet"/>. Its squared distance is 0.7 · that of the first part + 0.3 · that of the second,
/// each part scaled to unit length.
/// </remarks>
internal static class FaceEmbeddingNetworks
{
    private const int ModelGraph = 7;
    private const int Side = 112;
    private const string Output = "vector";

    // docs/accuracy.md, "A second network": with shares of 0.2 to 0.4 the errors differ by less than their statistical uncertainty.
    private const float SecondShare = 0.3f;

    /// <summary>Builds the model.</summary>
    /// <param name="frFeature">The original <c>fr_feature.onnx</c>.</param>
    /// <param name="mobileFaceNet">The original <c>MobileFaceNet.tflite</c>.</param>
    /// <exception cref="InvalidDataException">The first file is not the expected model.</exception>
    /// <exception cref="BuildException">The second file is not the expected model.</exception>
    public static byte[] Build(byte[] frFeature, byte[] mobileFaceNet)
    {
        var model = new ProtobufWriter();
        foreach (var field in ProtobufField.Read(frFeature))
        {
            if (field.Number == ModelGraph)
            {
                model.Message(ModelGraph, Combine(field.Bytes, mobileFaceNet));
            }
            else
            {
                model.Copy(field);
            }
        }

        return model.ToArray();
    }

    private static ProtobufWriter Combine(ReadOnlyMemory<byte> frFeature, byte[] mobileFaceNet)
    {
        var second = new OnnxGraph("second", "second/");
        var face = second.Input(FrFeature.Input, -1, 3, Side, Side);
        var parts = (string[])[UnitLength(FrFeature.Output, 1 - SecondShare), UnitLength(MobileFaceNet.Add(second, face, mobileFaceNet), SecondShare)];
        second.NamedNode(Output, "Concat", parts, ("axis", 1));
        second.Output(Output, -1, FrFeature.Length + MobileFaceNet.Length);

        // ONNX requires nodes in the order of their computation.
        var graph = new ProtobufWriter();
        graph.Append(FrFeature.Rewrite(frFeature));
        graph.Append(second.Nodes);
        graph.Append(second.Initializers);
        graph.Append(second.Inputs);
        graph.Append(second.Outputs);
        return graph;

        string UnitLength(string x, float share) =>
            second.Node("Mul", [second.Node("LpNormalization", [x], ("axis", 1), ("p", 2)), second.Floats([MathF.Sqrt(share)], 1)]);
    }
}
