namespace FindMe.ModelBuilder;

/// <summary>face-api's <c>ssd_mobilenetv1</c> as ONNX, for images of any size.</summary>
/// <remarks>
/// <para>Input <c>image</c> [N, 3, H, W]: NCHW, RGB, 0 to 255. Output <c>boxes</c> [N, anchors, 4]: dy, dx, dh, dw relative to the anchor;
/// <c>scores</c> [N, anchors]: probability of a face. Anchors are ordered by layer, row, column, shape. The caller decodes the boxes, which
/// needs the image size.</para>
/// <para>MobileNetV1 with SSD heads (https://arxiv.org/abs/1704.04861, https://arxiv.org/abs/1512.02325), with the names of the weights'
/// manifest.</para>
/// </remarks>
internal static class SsdMobileNet
{
    // tf.keras' epsilon for the exported model, as a float.
    private const double BatchNormEpsilon = 0.0010000000474974513;

    // The model's input range is -1 to 1.
    private const float MiddleColour = 127.5f;

    // Every inner activation is clipped to 0..6, so that it can be quantized to a byte without calibration.
    private const float ActivationScale = 6f / 255;

    private static readonly int[] AnchorsOfLayer = [3, 6, 6, 6, 6, 6];

    /// <summary>32-bit floats throughout.</summary>
    public static byte[] Build(Weights weights) => Build(weights, new FloatLayers(new OnnxGraph("ssd_mobilenetv1"), weights));

    /// <summary>8-bit integers except in the heads: half the time, a quarter of the size.</summary>
    public static byte[] BuildQuantized(Weights weights) =>
        Build(weights, new ByteLayers(new OnnxGraph("ssd_mobilenetv1_int8"), weights));

    private static byte[] Build(Weights weights, Layers layers)
    {
        var graph = layers.Graph;
        var image = graph.Input("image", -1, 3, -1, -1);
        var x = layers.First(image, "MobilenetV1/Conv2d_0_pointwise");

        var maps = new List<string>();
        for (var i = 1; i <= 13; i++)
        {
            x = layers.Depthwise(x, $"MobilenetV1/Conv2d_{i}_depthwise", stride: i is 2 or 4 or 6 or 12 ? 2 : 1);
            x = layers.Convolution(x, $"MobilenetV1/Conv2d_{i}_pointwise", stride: 1);
            if (i is 11 or 13)
            {
                maps.Add(x);
            }
        }

        for (var i = 0; i < 8; i++)
        {
            var odd = i % 2 == 1;
            x = layers.Convolution(x, $"Prediction/Conv2d_{i}_pointwise", stride: odd ? 2 : 1);
            if (odd)
            {
                maps.Add(x);
            }
        }

        var boxes = new List<string>();
        var scores = new List<string>();
        for (var layer = 0; layer < maps.Count; layer++)
        {
            var (box, score) = Head(graph, weights, layers.ChannelsLast(maps[layer]), layer);
            boxes.Add(box);
            scores.Add(score);
        }

        graph.NamedNode("boxes", "Concat", boxes.ToArray(), ("axis", 1));
        graph.NamedNode("scores", "Sigmoid", [graph.Node("Concat", scores.ToArray(), ("axis", 1))]);
        graph.Output("boxes", -1, -1, 4);
        graph.Output("scores", -1, -1);
        return graph.ToModel();
    }

    // Computes both heads as one 1×1 convolution. Each anchor has three classes: background, face and an unused one; only the face column
    // is kept.
    private static (string Boxes, string Scores) Head(OnnxGraph graph, Weights weights, string map, int layer)
    {
        const int classes = 3;
        const int face = 1;
        const int corners = 4;
        var box = weights[$"Prediction/BoxPredictor_{layer}/BoxEncodingPredictor/weights"];
        var score = weights[$"Prediction/BoxPredictor_{layer}/ClassPredictor/weights"];
        var boxBias = weights[$"Prediction/BoxPredictor_{layer}/BoxEncodingPredictor/biases"].Values;
        var scoreBias = weights[$"Prediction/BoxPredictor_{layer}/ClassPredictor/biases"].Values;
        var (inputs, anchors) = (box.Shape[2], AnchorsOfLayer[layer]);
        var columns = (corners + 1) * anchors;
        var matrix = new float[inputs * columns];
        var bias = new float[columns];
        for (var column = 0; column < columns; column++)
        {
            var (from, fromBias, outputs, output) = column < corners * anchors
                ? (box.Values, boxBias, corners * anchors, column)
                : (score.Values, scoreBias, classes * anchors, ((column - (corners * anchors)) * classes) + face);
            bias[column] = fromBias[output];
            for (var input = 0; input < inputs; input++)
            {
                matrix[(input * columns) + column] = from[(input * outputs) + output];
            }
        }

        var product = graph.Node("Add", [graph.Node("MatMul", [map, graph.Floats(matrix, inputs, columns)]), graph.Floats(bias, columns)]);
        return (
            graph.Node("Reshape", [Columns(0, corners * anchors), graph.Longs(0, -1, corners)]),
            graph.Node("Reshape", [Columns(corners * anchors, columns), graph.Longs(0, -1)]));

        string Columns(int start, int end) =>
            graph.Node("Slice", [product, graph.Longs(start), graph.Longs(end), graph.Longs(-1)]);
    }

    /// <summary>Returns a depthwise filter with folded batch normalization: C1HW weights, and one bias per channel.</summary>
    private static (float[] Filter, float[] Bias) FoldBatchNorm(Weights weights, string name)
    {
        var filter = weights[$"{name}/depthwise_weights"].AsDepthwise();
        var gamma = weights[$"{name}/BatchNorm/gamma"].Values;
        var beta = weights[$"{name}/BatchNorm/beta"].Values;
        var mean = weights[$"{name}/BatchNorm/moving_mean"].Values;
        var variance = weights[$"{name}/BatchNorm/moving_variance"].Values;
        var bias = new float[gamma.Length];
        var area = filter.Length / gamma.Length;
        for (var channel = 0; channel < gamma.Length; channel++)
        {
            var factor = gamma[channel] / Math.Sqrt(variance[channel] + BatchNormEpsilon);
            for (var i = channel * area; i < (channel + 1) * area; i++)
            {
                filter[i] = (float)(filter[i] * factor);
            }

            bias[channel] = (float)(beta[channel] - (mean[channel] * factor));
        }

        return (filter, bias);
    }

    /// <summary>Creates the inner layers: convolutions with SAME padding, clipped to 0..6.</summary>
    private abstract class Layers(OnnxGraph graph, Weights weights)
    {
        public OnnxGraph Graph { get; } = graph;

        protected Weights Weights { get; } = weights;

        /// <summary>The first convolution, of the image itself.</summary>
        public abstract string First(string image, string name);

        public abstract string Convolution(string x, string name, int stride);

        public abstract string Depthwise(string x, string name, int stride);

        /// <summary>Returns a feature map as floats [N, H, W, C].</summary>
        public abstract string ChannelsLast(string x);

        // SAME_UPPER equals TensorFlow's SAME: odd padding goes to the bottom and right. Works for any height and width.
        protected string Convolve(string x, string filter, string bias, int size, int stride, int group) =>
            Graph.Node(
                "Conv",
                [x, filter, bias],
                ("kernel_shape", new[] { size, size }),
                ("strides", new[] { stride, stride }),
                ("group", group),
                ("auto_pad", "SAME_UPPER"));
    }

    private sealed class FloatLayers(OnnxGraph graph, Weights weights) : Layers(graph, weights)
    {
        private readonly string _zero = graph.Floats([0f]);
        private readonly string _six = graph.Floats([6f]);

        // The filter includes the scaling from 0..255 minus the middle to -1..1, so that the padding stays 0.
        public override string First(string image, string name) =>
            Convolution(Graph.Node("Sub", [image, Graph.Floats([MiddleColour])]), name, stride: 2, scale: 1 / MiddleColour);

        public override string Convolution(string x, string name, int stride) => Convolution(x, name, stride, scale: 1);

        public override string Depthwise(string x, string name, int stride)
        {
            var (filter, bias) = FoldBatchNorm(Weights, name);
            var channels = bias.Length;
            return Clip(Convolve(x, Graph.Floats(filter, channels, 1, 3, 3), Graph.Floats(bias, channels), 3, stride, channels));
        }

        public override string ChannelsLast(string x) => Graph.Node("Transpose", [x], ("perm", new[] { 0, 2, 3, 1 }));

        private string Convolution(string x, string name, int stride, float scale)
        {
            var filter = Weights[$"{name}/weights"];
            var (height, width, inputs, outputs) = (filter.Shape[0], filter.Shape[1], filter.Shape[2], filter.Shape[3]);
            return Clip(Convolve(
                x,
                Graph.Floats(Array.ConvertAll(filter.AsConvolution<float>(filter.Values), value => value * scale), outputs, inputs, height, width),
                Graph.Floats(Weights[$"{name}/convolution_bn_offset"].Values, outputs),
                height,
                stride,
                group: 1));
        }

        private string Clip(string x) => Graph.Node("Clip", [x, _zero, _six]);
    }

    /// <summary>
    /// Writes each layer as dequantize → convolve → quantize, which ONNX Runtime fuses into one integer convolution. A byte covers 0..6,
    /// so that quantizing also clips.
    /// </summary>
    private sealed class ByteLayers(OnnxGraph graph, Weights weights) : Layers(graph, weights)
    {
        private const int SignedByteShift = 128;

        // Zero-dimensional scalars: with shape [1] ONNX Runtime does not fuse the layers.
        private readonly string _scale = graph.Floats([ActivationScale]);
        private readonly string _zeroPoint = graph.Bytes([0]);

        // A pixel's activation is (byte - 127.5) / 127.5. A zero point cannot express the half, so it goes into the bias.
        public override string First(string image, string name)
        {
            const byte middle = 128;
            const float scale = 1 / MiddleColour;
            var filter = Weights[$"{name}/weights"];
            var (outputs, taps) = (filter.Shape[3], filter.Values.Length / filter.Shape[3]);
            var byOutput = filter.AsConvolution<float>(filter.Values);
            var bias = Weights[$"{name}/convolution_bn_offset"].Values.ToArray();
            for (var output = 0; output < outputs; output++)
            {
                var sum = 0.0;
                foreach (var value in byOutput.AsSpan(output * taps, taps))
                {
                    sum += value;
                }

                bias[output] += (float)(sum * (middle - MiddleColour) * scale);
            }

            var bytes = Graph.Node("QuantizeLinear", [image, Graph.Floats([1f]), Graph.Bytes([0])]);
            var colours = Graph.Node("DequantizeLinear", [bytes, Graph.Floats([scale]), Graph.Bytes([middle])]);
            return QuantizedConvolution(colours, filter, bias, scale, stride: 2);
        }

        public override string Convolution(string x, string name, int stride) =>
            QuantizedConvolution(
                AsFloats(x),
                Weights[$"{name}/weights"],
                Weights[$"{name}/convolution_bn_offset"].Values,
                ActivationScale,
                stride);

        public override string Depthwise(string x, string name, int stride)
        {
            var (filter, bias) = FoldBatchNorm(Weights, name);
            var channels = bias.Length;
            var area = filter.Length / channels;
            var signed = new sbyte[filter.Length];
            var scales = new float[channels];
            var biasScales = new float[channels];
            var integers = new int[channels];
            for (var channel = 0; channel < channels; channel++)
            {
                var values = filter.AsSpan(channel * area, area);
                var largest = 0f;
                foreach (var value in values)
                {
                    largest = Math.Max(largest, Math.Abs(value));
                }

                // A dead channel's weights are almost 0, but its bias must still fit in 32 bits.
                scales[channel] = Math.Max(largest / 127, Math.Abs(bias[channel]) / (ActivationScale * (1 << 30)));
                biasScales[channel] = ActivationScale * scales[channel];
                integers[channel] = (int)Math.Round(bias[channel] / (double)biasScales[channel]);
                for (var i = 0; i < area; i++)
                {
                    signed[(channel * area) + i] = (sbyte)Math.Round(values[i] / scales[channel]);
                }
            }

            var quantizedFilter = Graph.Node(
                "DequantizeLinear",
                [
                    Graph.SignedBytes(signed, channels, 1, 3, 3),
                    Graph.Floats(scales, channels),
                    Graph.SignedBytes(new sbyte[channels], channels),
                ],
                ("axis", 0));
            var quantizedBias = Graph.Node(
                "DequantizeLinear",
                [Graph.Integers(integers, channels), Graph.Floats(biasScales, channels)],
                ("axis", 0));
            return Quantize(Convolve(AsFloats(x), quantizedFilter, quantizedBias, 3, stride, channels));
        }

        public override string ChannelsLast(string x) => AsFloats(Graph.Node("Transpose", [x], ("perm", new[] { 0, 2, 3, 1 })));

        private string AsFloats(string x) => Graph.Node("DequantizeLinear", [x, _scale, _zeroPoint]);

        // Uses the stored bytes, shifted to signed: no loss of precision compared to the floats.
        private string QuantizedConvolution(string x, Weight filter, float[] bias, float inputScale, int stride)
        {
            var (height, width, inputs, outputs) = (filter.Shape[0], filter.Shape[1], filter.Shape[2], filter.Shape[3]);
            var signed = Array.ConvertAll(
                filter.AsConvolution(filter.Stored.Span),
                stored => (sbyte)(stored - SignedByteShift));
            var scale = (float)filter.Scale;
            var biasScale = inputScale * scale;
            var quantizedFilter = Graph.Node(
                "DequantizeLinear",
                [
                    Graph.SignedBytes(signed, outputs, inputs, height, width),
                    Graph.Floats([scale]),
                    Graph.SignedBytes([(sbyte)(filter.ZeroPoint - SignedByteShift)]),
                ]);
            var quantizedBias = Graph.Node(
                "DequantizeLinear",
                [
                    Graph.Integers(Array.ConvertAll(bias, value => (int)Math.Round(value / (double)biasScale)), outputs),
                    Graph.Floats([biasScale]),
                ]);
            return Quantize(Convolve(x, quantizedFilter, quantizedBias, height, stride, group: 1));
        }

        private string Quantize(string x) => Graph.Node("QuantizeLinear", [x, _scale, _zeroPoint]);
    }
}
