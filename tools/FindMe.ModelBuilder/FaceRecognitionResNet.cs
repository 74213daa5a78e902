namespace FindMe.ModelBuilder;

/// <summary>face-api's <c>face_recognition</c> (dlib's 29-layer ResNet) as ONNX.</summary>
/// <remarks>
/// Input <c>image</c> [N, 3, 150, 150]: NCHW, RGB, (value − mean) / 255. Output <c>descriptor</c> [N, 128]. The scale and offset
/// per channel after each convolution are folded into it.
/// </remarks>
internal static class FaceRecognitionResNet
{
    private const int Length = 128;

    public static byte[] Build(Weights weights)
    {
        var graph = new OnnxGraph("face_recognition");
        var x = graph.Node("Relu", [Convolve(graph, weights, graph.Input("image", -1, 3, 150, 150), "conv32_down", stride: 2, pad: 0)]);
        x = graph.Node("MaxPool", [x], ("kernel_shape", new[] { 3, 3 }), ("strides", new[] { 2, 2 }));
        x = Residuals(graph, weights, x, "conv32", count: 3);
        x = Down(graph, weights, x, "conv64_down", widen: 32, side: 35);
        x = Residuals(graph, weights, x, "conv64", count: 3);
        x = Down(graph, weights, x, "conv128_down", widen: 64, side: 17);
        x = Residuals(graph, weights, x, "conv128", count: 2);
        x = Down(graph, weights, x, "conv256_down", widen: 128, side: 8);
        x = Residuals(graph, weights, x, "conv256", count: 2);
        x = Down(graph, weights, x, "conv256_down_out", widen: 0, side: 4);
        var mean = graph.Node("GlobalAveragePool", [x]);
        var matrix = weights["fc"];
        graph.NamedNode("descriptor", "MatMul", [graph.Node("Flatten", [mean]), graph.Floats(matrix.Values, matrix.Shape)]);
        graph.Output("descriptor", -1, Length);
        return graph.ToModel();
    }

    private static string Residuals(OnnxGraph graph, Weights weights, string x, string name, int count)
    {
        for (var i = 1; i <= count; i++)
        {
            var first = graph.Node("Relu", [Convolve(graph, weights, x, $"{name}_{i}/conv1", stride: 1, pad: 1)]);
            var second = Convolve(graph, weights, first, $"{name}_{i}/conv2", stride: 1, pad: 1);
            x = graph.Node("Relu", [graph.Node("Add", [second, x])]);
        }

        return x;
    }

    /// <summary>Adds a downsampling block: two convolutions in parallel to 2×2 average pooling, whose output is padded with zero channels.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="weights">The weights.</param>
    /// <param name="x">The input, of <paramref name="side"/> × <paramref name="side"/> pixels.</param>
    /// <param name="name">The block's name.</param>
    /// <param name="widen">Number of added channels.</param>
    /// <param name="side">Side of the input, in pixels.</param>
    private static string Down(OnnxGraph graph, Weights weights, string x, string name, int widen, int side)
    {
        var first = graph.Node("Relu", [Convolve(graph, weights, x, $"{name}/conv1", stride: 2, pad: 0)]);
        var second = Convolve(graph, weights, first, $"{name}/conv2", stride: 1, pad: 1);
        var pooled = graph.Node("AveragePool", [x], ("kernel_shape", new[] { 2, 2 }), ("strides", new[] { 2, 2 }));
        if (widen > 0)
        {
            pooled = graph.Node("Pad", [pooled, graph.Longs(0, 0, 0, 0, 0, widen, 0, 0)]);
        }

        // For an even side the convolution's output is one pixel smaller than the pooling's; like face-api, pads it with a zero row and column.
        if (side % 2 == 0)
        {
            second = graph.Node("Pad", [second, graph.Longs(0, 0, 0, 0, 0, 0, 1, 1)]);
        }

        return graph.Node("Relu", [graph.Node("Add", [second, pooled])]);
    }

    private static string Convolve(OnnxGraph graph, Weights weights, string x, string name, int stride, int pad)
    {
        var filter = weights[$"{name}/conv/filters"];
        var (scale, offset) = (weights[$"{name}/scale/weights"].Values, weights[$"{name}/scale/biases"].Values);
        var (height, width, inputs, outputs) = (filter.Shape[0], filter.Shape[1], filter.Shape[2], filter.Shape[3]);
        var values = filter.AsConvolution<float>(filter.Values);
        var bias = (float[])weights[$"{name}/conv/bias"].Values.Clone();
        var area = inputs * height * width;
        for (var output = 0; output < outputs; output++)
        {
            bias[output] = (bias[output] * scale[output]) + offset[output];
            foreach (ref var value in values.AsSpan(output * area, area))
            {
                value *= scale[output];
            }
        }

        return graph.Node(
            "Conv",
            [x, graph.Floats(values, outputs, inputs, height, width), graph.Floats(bias, outputs)],
            ("kernel_shape", new[] { height, width }),
            ("strides", new[] { stride, stride }),
            ("pads", new[] { pad, pad, pad, pad }));
    }
}
