namespace FindMe.ModelBuilder;

/// <summary>face-api's <c>face_landmark_68</c> as ONNX.</summary>
/// <remarks>
/// Input <c>image</c> [N, 3, 112, 112]: NCHW, RGB, 0 to 255. Output <c>landmarks</c> [N, 136]: x0, y0, x1, y1, … relative to the
/// image, 0 to 1. Four dense blocks of separable convolutions, with the names of the weights' manifest.
/// </remarks>
internal static class FaceLandmarks68
{
    // RGB means of the training pictures, which face-api's FaceFeatureExtractor subtracts.
    private static readonly float[] MeanColour = [122.782f, 117.001f, 104.298f];

    public static byte[] Build(Weights weights)
    {
        var graph = new OnnxGraph("face_landmark_68");
        var image = graph.Input("image", -1, 3, 112, 112);
        var centred = graph.Node("Sub", [image, graph.Floats(MeanColour, 1, 3, 1, 1)]);
        var x = graph.Node("Div", [centred, graph.Floats([255f])]);
        for (var block = 0; block < 4; block++)
        {
            x = DenseBlock(graph, weights, x, block);
        }

        var pooled = graph.Node("AveragePool", [x], ("kernel_shape", new[] { 7, 7 }), ("strides", new[] { 2, 2 }));
        var flat = graph.Node("Flatten", [pooled]);
        var matrix = weights["fc/weights"];
        graph.NamedNode(
            "landmarks",
            "Gemm",
            [flat, graph.Floats(matrix.Values, matrix.Shape), graph.Floats(weights["fc/bias"].Values, 136)]);
        graph.Output("landmarks", -1, 136);
        return graph.ToModel();
    }

    private static string DenseBlock(OnnxGraph graph, Weights weights, string x, int block)
    {
        var first = Relu(block == 0
            ? Plain(graph, weights, x, "dense0/conv0", stride: 2)
            : Separable(graph, weights, x, $"dense{block}/conv0", stride: 2));
        var second = Separable(graph, weights, first, $"dense{block}/conv1", stride: 1);
        var two = graph.Node("Add", [first, second]);
        var third = Separable(graph, weights, Relu(two), $"dense{block}/conv2", stride: 1);
        var three = graph.Node("Add", [two, third]);
        var fourth = Separable(graph, weights, Relu(three), $"dense{block}/conv3", stride: 1);
        return Relu(graph.Node("Add", [three, fourth]));

        string Relu(string input) => graph.Node("Relu", [input]);
    }

    private static string Plain(OnnxGraph graph, Weights weights, string x, string name, int stride)
    {
        var filter = weights[$"{name}/filters"];
        var outputs = filter.Shape[3];
        return graph.Node(
            "Conv",
            [
                x,
                graph.Floats(filter.AsConvolution<float>(filter.Values), outputs, filter.Shape[2], 3, 3),
                graph.Floats(weights[$"{name}/bias"].Values, outputs),
            ],
            ("kernel_shape", new[] { 3, 3 }),
            ("strides", new[] { stride, stride }),
            ("auto_pad", "SAME_UPPER"));
    }

    private static string Separable(OnnxGraph graph, Weights weights, string x, string name, int stride)
    {
        var depthwise = weights[$"{name}/depthwise_filter"];
        var pointwise = weights[$"{name}/pointwise_filter"];
        var (inputs, outputs) = (pointwise.Shape[2], pointwise.Shape[3]);
        var spread = graph.Node(
            "Conv",
            [x, graph.Floats(depthwise.AsDepthwise(), inputs, 1, 3, 3)],
            ("kernel_shape", new[] { 3, 3 }),
            ("strides", new[] { stride, stride }),
            ("group", inputs),
            ("auto_pad", "SAME_UPPER"));
        return graph.Node(
            "Conv",
            [
                spread,
                graph.Floats(pointwise.AsConvolution<float>(pointwise.Values), outputs, inputs, 1, 1),
                graph.Floats(weights[$"{name}/bias"].Values, outputs),
            ]);
    }
}
