using System.Text;

namespace FindMe.ModelBuilder;

/// <summary>nsfwjs' MobileNetV2, a classifier of unsafe pictures, as ONNX.</summary>
/// <remarks>
/// <para>Input <c>image</c> [N, 3, 224, 224]: NCHW, RGB, 0 to 1. Output <c>probabilities</c> [N, 5], in the order of
/// <c>nsfw.labels.txt</c>.</para>
/// <para>MobileNetV2 (https://arxiv.org/abs/1801.04381) with Keras' layer names and three dense layers on top. Batch normalization is
/// folded into the preceding convolution.</para>
/// </remarks>
internal static class NsfwMobileNetV2
{
    private const int Side = 224;
    private const int Classes = 5;
    private const int LastBlock = 16;

    // Keras' epsilon for the exported layers.
    private const double BatchNormEpsilon = 0.001;

    /// <summary>Builds the model from the package's two scripts.</summary>
    /// <param name="model"><c>model.min.js</c>: the layers and the layout of the weights.</param>
    /// <param name="data"><c>group1-shard1of1.min.js</c>: the weights in base64.</param>
    /// <exception cref="BuildException">A script does not have the expected content.</exception>
    public static byte[] Build(byte[] model, byte[] data)
    {
        using var description = BrowserifyModule.Read(Encoding.UTF8.GetString(model));
        using var shard = BrowserifyModule.Read(Encoding.UTF8.GetString(data));
        return Build(Weights.Read(description.RootElement.GetProperty("weightsManifest"), shard.RootElement.GetBytesFromBase64()));
    }

    private static byte[] Build(Weights weights)
    {
        var graph = new OnnxGraph("nsfw_mobilenet_v2");
        var layers = new Layers(graph, weights);
        var x = layers.Clip(layers.Convolution(graph.Input("image", -1, 3, Side, Side), "Conv1/kernel", "bn_Conv1", stride: 2));
        x = layers.Clip(layers.Depthwise(x, "expanded_conv_depthwise", stride: 1));
        x = layers.Convolution(x, "expanded_conv_project/kernel", "expanded_conv_project_BN", stride: 1);
        for (var block = 1; block <= LastBlock; block++)
        {
            var name = $"block_{block}";
            var inside = layers.Clip(layers.Convolution(x, $"{name}_expand/kernel", $"{name}_expand_BN", stride: 1));
            inside = layers.Clip(layers.Depthwise(inside, $"{name}_depthwise", stride: block is 1 or 3 or 6 or 13 ? 2 : 1));
            inside = layers.Convolution(inside, $"{name}_project/kernel", $"{name}_project_BN", stride: 1);

            // Residual connection, if neither the size nor the number of channels changes.
            x = block is 1 or 3 or 6 or 10 or 13 or 16 ? inside : graph.Node("Add", [x, inside]);
        }

        x = layers.Clip(layers.Convolution(x, "Conv_1/kernel", "Conv_1_bn", stride: 1));
        x = graph.Node("Flatten", [graph.Node("GlobalAveragePool", [x])]);
        x = graph.Node("Relu", [layers.Dense(x, "dense_1")]);
        x = graph.Node("Relu", [layers.Dense(x, "dense_2")]);
        graph.NamedNode("probabilities", "Softmax", [layers.Dense(x, "dense_3")], ("axis", 1));
        graph.Output("probabilities", -1, Classes);
        return graph.ToModel();
    }

    private sealed class Layers(OnnxGraph graph, Weights weights)
    {
        private readonly string _zero = graph.Floats([0f]);
        private readonly string _six = graph.Floats([6f]);

        public string Clip(string x) => graph.Node("Clip", [x, _zero, _six]);

        public string Convolution(string x, string kernel, string norm, int stride)
        {
            var filter = weights[kernel];
            var (height, width, inputs, outputs) = (filter.Shape[0], filter.Shape[1], filter.Shape[2], filter.Shape[3]);
            return Convolve(x, filter.AsConvolution<float>(filter.Values), norm, [outputs, inputs, height, width], stride, group: 1);
        }

        public string Depthwise(string x, string name, int stride)
        {
            var filter = weights[$"{name}/depthwise_kernel"];
            return Convolve(x, filter.AsDepthwise(), $"{name}_BN", [filter.Shape[2], 1, filter.Shape[0], filter.Shape[1]], stride, group: filter.Shape[2]);
        }

        public string Dense(string x, string name)
        {
            var matrix = weights[$"{name}/kernel"];
            return graph.Node(
                "Gemm", [x, graph.Floats(matrix.Values, matrix.Shape), graph.Floats(weights[$"{name}/bias"].Values, matrix.Shape[1])]);
        }

        // Keras pads one row and column at the bottom and right before a stride of 2, which equals SAME for even sides.
        private string Convolve(string x, float[] filter, string norm, int[] shape, int stride, int group)
        {
            var (gamma, beta) = (weights[$"{norm}/gamma"].Values, weights[$"{norm}/beta"].Values);
            var (mean, variance) = (weights[$"{norm}/moving_mean"].Values, weights[$"{norm}/moving_variance"].Values);
            var bias = new float[shape[0]];
            var area = filter.Length / shape[0];
            for (var output = 0; output < bias.Length; output++)
            {
                var factor = gamma[output] / Math.Sqrt(variance[output] + BatchNormEpsilon);
                foreach (ref var value in filter.AsSpan(output * area, area))
                {
                    value = (float)(value * factor);
                }

                bias[output] = (float)(beta[output] - (mean[output] * factor));
            }

            return graph.Node(
                "Conv",
                [x, graph.Floats(filter, shape), graph.Floats(bias, bias.Length)],
                ("kernel_shape", new[] { shape[2], shape[3] }),
                ("strides", new[] { stride, stride }),
                ("group", group),
                ("auto_pad", "SAME_UPPER"));
        }
    }
}
