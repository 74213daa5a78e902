namespace FindMe.ModelBuilder;

/// <summary>PRelu, s·x for x below 0, as a sum that ONNX Runtime computes in the blocked layout of its convolutions.</summary>
internal static class PRelu
{
    /// <summary>Adds the nodes.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="x">The input, [N, C, H, W].</param>
    /// <param name="slope">The slope of each channel.</param>
    /// <param name="output">Name of the output; null for a generated one.</param>
    /// <returns>The name of the output.</returns>
    public static string Add(OnnxGraph graph, string x, float[] slope, string? output = null)
    {
        var rest = graph.Floats(Array.ConvertAll(slope, value => 1 - value), slope.Length, 1, 1);

        // s·x + (1 − s)·relu(x). If no slope exceeds 1, the factor can move into relu, which then is part of the multiplication.
        var positive = slope.All(value => value <= 1)
            ? graph.Node("Relu", [graph.Node("Mul", [x, rest])])
            : graph.Node("Mul", [graph.Node("Relu", [x]), rest]);
        var scaled = graph.Node("Mul", [x, graph.Floats(slope, slope.Length, 1, 1)]);
        return output is null ? graph.Node("Add", [positive, scaled]) : graph.NamedNode(output, "Add", [positive, scaled]);
    }
}
