namespace FindMe.ModelBuilder;

/// <summary>face-api's <c>ssd_mobilenetv1</c> as ONNX, for images of any size.</summary>
/// <remarks>
/// <para>Input <c>image</c> [N, 3, H, W]: NCHW, RGB, 0 to 255; <see cref="BuildSmallFaces"/> takes bytes. Output <c>boxes</c>
/// [N, anchors, 4]: dy, dx, dh, dw relative to the anchor; <c>scores</c> [N, anchors]: probability of a face. Anchors are ordered by layer, row, column, shape. The caller decodes the boxes, which
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

    // Each layer reads the output of the one before.
    private static readonly Layer[] Network =
    [
        new("MobilenetV1/Conv2d_0_pointwise", Stride: 2),
        .. Enumerable.Range(1, 13).SelectMany(i => (Layer[])
        [
            new($"MobilenetV1/Conv2d_{i}_depthwise", Stride: i is 2 or 4 or 6 or 12 ? 2 : 1, IsDepthwise: true),
            new($"MobilenetV1/Conv2d_{i}_pointwise", Stride: 1, IsMap: i is 11 or 13),
        ]),
        .. Enumerable.Range(0, 8).Select(i => new Layer($"Prediction/Conv2d_{i}_pointwise", Stride: 1 + (i % 2), IsMap: i % 2 == 1)),
    ];

    /// <summary>32-bit floats throughout.</summary>
    public static byte[] Build(Weights weights) => Build(weights, new FloatLayers(new OnnxGraph("ssd_mobilenetv1"), weights), AnchorsOfLayer.Length);

    /// <summary>8-bit integers except in the heads: half the time, a quarter of the size.</summary>
    public static byte[] BuildQuantized(Weights weights) =>
        Build(weights, new ByteLayers(new OnnxGraph("ssd_mobilenetv1_int8"), weights, readsBytes: false), AnchorsOfLayer.Length);

    /// <summary>As <see cref="BuildQuantized"/>, with only the first feature map: small faces, for a seventh less work.</summary>
    /// <remarks>Input <c>image</c> [N, H, W, 8] as bytes, in the order that the first layer computes: red, red, green, green, blue, blue, 0, 0.</remarks>
    public static byte[] BuildSmallFaces(Weights weights) =>
        Build(weights, new ByteLayers(new OnnxGraph("ssd_mobilenetv1_int8_small_faces"), weights, readsBytes: true), mapCount: 1);

    private static byte[] Build(Weights weights, Layers layers, int mapCount)
    {
        var graph = layers.Graph;
        var x = layers.First("image", Network[0]);
        var maps = new List<(string Name, Lane[] Lanes)>();
        foreach (var layer in Network.Skip(1).TakeWhile(_ => maps.Count < mapCount))
        {
            x = layer.IsDepthwise ? layers.Depthwise(x, layer) : layers.Convolution(x, layer);
            if (layer.IsMap)
            {
                maps.Add((x, layers.Lanes));
            }
        }

        var boxes = new List<string>();
        var scores = new List<string>();
        for (var layer = 0; layer < maps.Count; layer++)
        {
            var (box, score) = Head(graph, weights, layers.ChannelsLast(maps[layer].Name), maps[layer].Lanes, layer);
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
    private static (string Boxes, string Scores) Head(
        OnnxGraph graph, Weights weights, string map, Lane[] lanes, int layer)
    {
        const int classes = 3;
        const int face = 1;
        const int corners = 4;
        var box = weights[$"Prediction/BoxPredictor_{layer}/BoxEncodingPredictor/weights"];
        var score = weights[$"Prediction/BoxPredictor_{layer}/ClassPredictor/weights"];
        var boxBias = weights[$"Prediction/BoxPredictor_{layer}/BoxEncodingPredictor/biases"].Values;
        var scoreBias = weights[$"Prediction/BoxPredictor_{layer}/ClassPredictor/biases"].Values;
        var anchors = AnchorsOfLayer[layer];
        var columns = (corners + 1) * anchors;
        var matrix = new float[lanes.Length * columns];
        var bias = new float[columns];
        for (var column = 0; column < columns; column++)
        {
            var (from, fromBias, outputs, output) = column < corners * anchors
                ? (box.Values, boxBias, corners * anchors, column)
                : (score.Values, scoreBias, classes * anchors, ((column - (corners * anchors)) * classes) + face);
            bias[column] = fromBias[output];
            for (var row = 0; row < lanes.Length; row++)
            {
                // All parts of a channel have the same value: only the first one counts.
                matrix[(row * columns) + column] = lanes[row] is { IsEmpty: false, Part: 0 } lane ? from[(lane.Channel * outputs) + output] : 0;
            }
        }

        var product = graph.Node("Add", [graph.Node("MatMul", [map, graph.Floats(matrix, lanes.Length, columns)]), graph.Floats(bias, columns)]);
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

    /// <summary>A convolution with SAME padding, clipped to 0..6.</summary>
    /// <param name="Name">Name in the weights' manifest.</param>
    /// <param name="Stride">Stride in both directions.</param>
    /// <param name="IsDepthwise">Whether each channel has a filter of its own, 3 × 3, followed by batch normalization.</param>
    /// <param name="IsMap">Whether heads read the output.</param>
    private sealed record Layer(string Name, int Stride, bool IsDepthwise = false, bool IsMap = false);

    /// <summary>Creates the inner layers.</summary>
    private abstract class Layers(OnnxGraph graph, Weights weights)
    {
        public OnnxGraph Graph { get; } = graph;

        /// <summary>The channels of the latest layer's output.</summary>
        public Lane[] Lanes { get; protected set; } = [];

        protected Weights Weights { get; } = weights;

        /// <summary>Adds the model's input and the first convolution.</summary>
        public abstract string First(string input, Layer layer);

        public abstract string Convolution(string x, Layer layer);

        public abstract string Depthwise(string x, Layer layer);

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
        public override string First(string input, Layer layer) =>
            Convolution(Graph.Node("Sub", [Graph.Input(input, -1, 3, -1, -1), Graph.Floats([MiddleColour])]), layer, scale: 1 / MiddleColour);

        public override string Convolution(string x, Layer layer) => Convolution(x, layer, scale: 1);

        public override string Depthwise(string x, Layer layer)
        {
            var (filter, bias) = FoldBatchNorm(Weights, layer.Name);
            var channels = bias.Length;
            return Clip(Convolve(x, Graph.Floats(filter, channels, 1, 3, 3), Graph.Floats(bias, channels), 3, layer.Stride, channels));
        }

        public override string ChannelsLast(string x) => Graph.Node("Transpose", [x], ("perm", new[] { 0, 2, 3, 1 }));

        private string Convolution(string x, Layer layer, float scale)
        {
            var filter = Weights[$"{layer.Name}/weights"];
            var (height, width, inputs, outputs) = (filter.Shape[0], filter.Shape[1], filter.Shape[2], filter.Shape[3]);
            Lanes = [.. Enumerable.Range(0, outputs).Select(output => new Lane(output))];
            return Clip(Convolve(
                x,
                Graph.Floats(Array.ConvertAll(filter.AsConvolution<float>(filter.Values), value => value * scale), outputs, inputs, height, width),
                Graph.Floats(Weights[$"{layer.Name}/convolution_bn_offset"].Values, outputs),
                height,
                layer.Stride,
                group: 1));
        }

        private string Clip(string x) => Graph.Node("Clip", [x, _zero, _six]);
    }

    /// <summary>
    /// Writes each layer as dequantize → convolve → quantize, which ONNX Runtime fuses into one integer convolution. A byte covers 0..6,
    /// so that quantizing also clips.
    /// </summary>
    /// <param name="graph">The graph.</param>
    /// <param name="weights">The stored weights.</param>
    /// <param name="readsBytes">Whether the input has the bytes of the first layer, not planes of floats.</param>
    private sealed class ByteLayers(OnnxGraph graph, Weights weights, bool readsBytes) : Layers(graph, weights)
    {
        // ONNX Runtime's fastest kernels for x86-64 compute this many channels at once.
        private const int VectorLanes = 16;

        // The image's colours, each in two lanes: side by side, two colours saturate. The fastest kernels need a multiple of four.
        private static readonly Lane[] Colours = [new(0, 0, 2), new(0, 1, 2), new(1, 0, 2), new(1, 1, 2), new(2, 0, 2), new(2, 1, 2), Lane.Empty, Lane.Empty];

        // Zero-dimensional scalars: with shape [1] ONNX Runtime does not fuse the layers.
        private readonly string _scale = graph.Floats([ActivationScale]);
        private readonly string _zeroPoint = graph.Bytes([0]);

        // Values of the channels that the latest depthwise layer would make constant, and that are left out.
        private Dictionary<int, byte> _constants = [];

        // A pixel's activation is (byte - 127.5) / 127.5. A zero point cannot express the half, so it goes into the bias.
        public override string First(string input, Layer layer)
        {
            const byte middle = 128;
            const float scale = 1 / MiddleColour;
            var filter = Weights[$"{layer.Name}/weights"];
            var (outputs, taps) = (filter.Shape[3], filter.Values.Length / filter.Shape[3]);
            var byOutput = filter.AsConvolution<float>(filter.Values);
            var bias = Weights[$"{layer.Name}/convolution_bn_offset"].Values.ToArray();
            for (var output = 0; output < outputs; output++)
            {
                var sum = 0.0;
                foreach (var value in byOutput.AsSpan(output * taps, taps))
                {
                    sum += value;
                }

                bias[output] += (float)(sum * (middle - MiddleColour) * scale);
            }

            Lanes = Colours;
            var colours = Graph.Node("DequantizeLinear", [Image(input), Graph.Floats([scale]), Graph.Bytes([middle])]);
            return Convolution(colours, layer, bias, scale);
        }

        // Bytes [N, 8, H, W]. ONNX Runtime computes with the channels last, and removes the transposition.
        private string Image(string input) => readsBytes
            ? Graph.Node("Transpose", [Graph.ByteInput(input, -1, -1, -1, Colours.Length)], ("perm", new[] { 0, 3, 1, 2 }))
            : Graph.Node(
                "Gather",
                [
                    Graph.Node("QuantizeLinear", [Graph.Input(input, -1, 3, -1, -1), Graph.Floats([1f]), Graph.Bytes([0])]),
                    Graph.Longs([.. Colours.Select(lane => (long)Math.Max(0, lane.Channel))]),
                ],
                ("axis", 1));

        public override string Convolution(string x, Layer layer) =>
            Convolution(AsFloats(x), layer, Weights[$"{layer.Name}/convolution_bn_offset"].Values, ActivationScale);

        public override string Depthwise(string x, Layer layer)
        {
            var stored = QuantizeDepthwise(layer.Name);
            var channels = Lanes.Length;
            var area = stored.Filter.Length / stored.Bias.Length;
            var signed = new sbyte[channels * area];
            var (scales, integers) = (new float[channels], new int[channels]);
            for (var channel = 0; channel < channels; channel++)
            {
                scales[channel] = 1;
                if (Lanes[channel] is { IsEmpty: false, Channel: var from })
                {
                    stored.Filter.AsSpan(from * area, area).CopyTo(signed.AsSpan(channel * area));
                    (scales[channel], integers[channel]) = (stored.Scales[from], stored.Bias[from]);
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
                [Graph.Integers(integers, channels), Graph.Floats(Array.ConvertAll(scales, scale => ActivationScale * scale), channels)],
                ("axis", 0));
            return Quantize(Convolve(AsFloats(x), quantizedFilter, quantizedBias, 3, layer.Stride, channels));
        }

        public override string ChannelsLast(string x) => AsFloats(Graph.Node("Transpose", [x], ("perm", new[] { 0, 2, 3, 1 })));

        private string AsFloats(string x) => Graph.Node("DequantizeLinear", [x, _scale, _zeroPoint]);

        private (sbyte[] Filter, float[] Scales, int[] Bias) QuantizeDepthwise(string name)
        {
            var (filter, bias) = FoldBatchNorm(Weights, name);
            var channels = bias.Length;
            var area = filter.Length / channels;
            var signed = new sbyte[filter.Length];
            var scales = new float[channels];
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
                integers[channel] = (int)Math.Round(bias[channel] / (double)(ActivationScale * scales[channel]));
                for (var i = 0; i < area; i++)
                {
                    signed[(channel * area) + i] = (sbyte)Math.Round(values[i] / scales[channel]);
                }
            }

            return (signed, scales, integers);
        }

        // The integer weights are the stored bytes minus their zero point: no loss of precision compared to the floats.
        private string Convolution(string x, Layer layer, float[] bias, float inputScale)
        {
            var filter = Weights[$"{layer.Name}/weights"];
            var area = filter.Shape[0] * filter.Shape[1];
            var (allInputs, inputs, constants) = (filter.Shape[2], Lanes, _constants);
            var outputs = ArrangeOutputs(layer, filter.Shape[3]);
            var stored = filter.AsConvolution(filter.Stored.Span);
            var scale = (float)filter.Scale;
            var biasScale = inputScale * scale;
            var signed = new sbyte[outputs.Length * inputs.Length * area];
            var integers = new int[outputs.Length];
            for (var output = 0; output < outputs.Length; output++)
            {
                if (outputs[output].IsEmpty)
                {
                    continue;
                }

                var ofOutput = stored.AsSpan(outputs[output].Channel * allInputs * area, allInputs * area);
                integers[output] = (int)Math.Round(bias[outputs[output].Channel] / (double)biasScale);
                foreach (var (channel, value) in constants)
                {
                    integers[output] += value * (ofOutput[channel] - filter.ZeroPoint);
                }

                for (var i = 0; i < inputs.Length * area; i++)
                {
                    var input = inputs[i / area];
                    signed[(output * inputs.Length * area) + i] = input.IsEmpty
                        ? (sbyte)0
                        : checked((sbyte)input.ShareOf(ofOutput[(input.Channel * area) + (i % area)] - filter.ZeroPoint));
                }
            }

            var quantizedFilter = Graph.Node(
                "DequantizeLinear",
                [
                    Graph.SignedBytes(signed, outputs.Length, inputs.Length, filter.Shape[0], filter.Shape[1]),
                    Graph.Floats([scale]),
                    Graph.SignedBytes([0]),
                ]);
            var quantizedBias = Graph.Node("DequantizeLinear", [Graph.Integers(integers, outputs.Length), Graph.Floats([biasScale])]);
            Lanes = outputs;
            return Quantize(Convolve(x, quantizedFilter, quantizedBias, filter.Shape[0], layer.Stride, group: 1));
        }

        // Leaves out channels that a following depthwise layer makes constant, unless a head reads them, and arranges the others for the
        // convolution that reads them.
        private Lane[] ArrangeOutputs(Layer layer, int count)
        {
            _constants = [];
            var channels = Enumerable.Range(0, count);
            var next = Network.SkipWhile(other => other != layer).Skip(1).ToList();
            if (next.Count == 0)
            {
                return [.. channels.Select(channel => new Lane(channel))];
            }

            if (next[0].IsDepthwise && !layer.IsMap)
            {
                _constants = FindConstants(next[0].Name);
                channels = channels.Except(_constants.Keys);
            }

            var filter = Weights[$"{next.Find(other => !other.IsDepthwise)!.Name}/weights"];
            var (area, outputs) = (filter.Shape[0] * filter.Shape[1], filter.Shape[3]);
            return Lane.Arrange(channels, WeightsOf, VectorLanes);

            int[] WeightsOf(int channel)
            {
                var weights = new int[area * outputs];
                for (var i = 0; i < weights.Length; i++)
                {
                    weights[i] = filter.Stored.Span[((((i / outputs) * count) + channel) * outputs) + (i % outputs)] - filter.ZeroPoint;
                }

                return weights;
            }
        }

        // Channels of a depthwise layer whose output is the same for every input. A margin keeps the rounding of ONNX Runtime out of it.
        private Dictionary<int, byte> FindConstants(string name)
        {
            const double rounding = 0.49;
            var (filter, scales, bias) = QuantizeDepthwise(name);
            var area = filter.Length / bias.Length;
            var constants = new Dictionary<int, byte>();
            for (var channel = 0; channel < bias.Length; channel++)
            {
                var (smallest, largest) = ((long)bias[channel], (long)bias[channel]);
                foreach (var weight in filter.AsSpan(channel * area, area))
                {
                    smallest += Math.Min(0, weight * byte.MaxValue);
                    largest += Math.Max(0, weight * byte.MaxValue);
                }

                var value = Math.Clamp(Math.Round(bias[channel] * (double)scales[channel]), byte.MinValue, byte.MaxValue);
                var isConstant = (value == byte.MinValue || smallest * (double)scales[channel] > value - rounding)
                    && (value == byte.MaxValue || largest * (double)scales[channel] < value + rounding);
                if (isConstant)
                {
                    constants.Add(channel, (byte)value);
                }
            }

            return constants;
        }

        private string Quantize(string x) => Graph.Node("QuantizeLinear", [x, _scale, _zeroPoint]);
    }
}
