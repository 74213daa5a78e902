using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace FindMe.Faces;

/// <summary>A detected face, in pixels of the searched picture.</summary>
internal readonly record struct Detection(Box Box, float Score);

/// <summary>Runs SSD with MobileNetV1 on inputs of any size: pixels → boxes around faces.</summary>
/// <remarks>The model of small faces has only the first of the six feature maps, and reads bytes.</remarks>
internal sealed class SsdModel : IDisposable
{
    /// <summary>Input side of face-api.js, in pixels; the anchors are defined for it.</summary>
    public const int TrainedSide = 512;

    // The model halves the picture four times before the first of its six feature maps, and once more before each further map.
    internal const int FirstStride = 16;
    private const int Layers = 6;

    // Variances of the SSD encoding: https://github.com/tensorflow/models/blob/master/research/object_detection/box_coders/faster_rcnn_box_coder.py
    internal const float CentreVariance = 10;
    internal const float SizeVariance = 5;

    // [layer][anchor], in pixels of the model's input.
    internal static readonly (float Height, float Width)[][] Anchors = CreateAnchors();

    internal const string Input = "image";
    internal const string Boxes = "boxes";
    internal const string Scores = "scores";

    private readonly ModelFile _model;

    private SsdModel(ModelFile model) => _model = model;

    /// <summary>Loads a model of all sizes of faces.</summary>
    /// <param name="path">The file.</param>
    /// <param name="threads">Threads that share each run; the detections do not depend on it.</param>
    /// <exception cref="ModelException">The file is missing, damaged or another model.</exception>
    public static SsdModel Load(string path, int threads) => Load(path, threads, new ModelFile.Tensor(Input, -1, 3, -1, -1));

    /// <summary>Loads the model of small faces.</summary>
    /// <exception cref="ModelException">The file is missing, damaged or another model.</exception>
    public static SsdModel LoadSmallFaces(string path) =>
        Load(path, threads: 1, new ModelFile.Tensor(Input, -1, -1, -1, Resampling.BytesPerPixel) { Type = TensorElementType.UInt8 });

    public void Dispose() => _model.Dispose();

    /// <summary>Runs the model of all sizes of faces.</summary>
    /// <param name="planes"><c>[1, 3, height, width]</c>: red, green, blue, 0 to 255.</param>
    /// <param name="width">Width of the input in pixels, a multiple of 32.</param>
    /// <param name="height">Height of the input in pixels, a multiple of 32.</param>
    /// <param name="minScore">Detections must score more than this, 0 to 1.</param>
    /// <param name="found">Receives the detections, in pixels of the input. A face can appear several times.</param>
    public void Run(Memory<float> planes, int width, int height, float minScore, List<Detection> found)
    {
        using var outputs = _model.Run(planes, 1, Picture.Bands, height, width);
        Read(outputs, width, height, minScore, found);
    }

    /// <summary>Runs the model of small faces.</summary>
    /// <param name="pixels"><c>[1, height, width, 8]</c>: the result of <see cref="Resampling.ResampleToBytes"/>.</param>
    /// <param name="width">Width of the input in pixels, a multiple of 32.</param>
    /// <param name="height">Height of the input in pixels, a multiple of 32.</param>
    /// <param name="minScore">Detections must score more than this, 0 to 1.</param>
    /// <param name="found">Receives the detections, in pixels of the input. A face can appear several times.</param>
    public void Run(Memory<byte> pixels, int width, int height, float minScore, List<Detection> found)
    {
        using var outputs = _model.Run(pixels, 1, height, width, Resampling.BytesPerPixel);
        Read(outputs, width, height, minScore, found);
    }

    private static SsdModel Load(string path, int threads, ModelFile.Tensor input) =>
        new(ModelFile.Load(path, input, [new ModelFile.Tensor(Boxes, -1, -1, 4), new ModelFile.Tensor(Scores, -1, -1)], threads: threads));

    private static void Read(IReadOnlyList<OrtValue> outputs, int width, int height, float minScore, List<Detection> found)
    {
        var boxes = outputs[0].GetTensorDataAsSpan<float>();
        var scores = outputs[1].GetTensorDataAsSpan<float>();
        var index = 0;
        var (columns, rows) = (Halve(width, times: 4), Halve(height, times: 4));
        for (var layer = 0; index < scores.Length; layer++)
        {
            var anchors = Anchors[layer];
            var stride = FirstStride << layer;
            for (var cell = 0; cell < rows * columns; cell++)
            {
                foreach (var anchor in anchors)
                {
                    if (scores[index] > minScore)
                    {
                        var (x, y) = (((cell % columns) + 0.5f) * stride, ((cell / columns) + 0.5f) * stride);
                        found.Add(new Detection(Decode(boxes.Slice(index * 4, 4), anchor, x, y), scores[index]));
                    }

                    index++;
                }
            }

            (columns, rows) = (Halve(columns, times: 1), Halve(rows, times: 1));
        }
    }

    private static Box Decode(ReadOnlySpan<float> encoded, (float Height, float Width) anchor, float x, float y)
    {
        var centreY = (encoded[0] / CentreVariance * anchor.Height) + y;
        var centreX = (encoded[1] / CentreVariance * anchor.Width) + x;
        var halfHeight = MathF.Exp(encoded[2] / SizeVariance) * anchor.Height / 2;
        var halfWidth = MathF.Exp(encoded[3] / SizeVariance) * anchor.Width / 2;
        return Box.FromEdges(centreX - halfWidth, centreY - halfHeight, centreX + halfWidth, centreY + halfHeight);
    }

    // Computes the anchors by the rule of SSD (https://arxiv.org/abs/1512.02325, section 2.2), with the intermediate square second. The
    // result equals the table that comes with the weights.
    private static (float Height, float Width)[][] CreateAnchors()
    {
        var layers = new (float, float)[Layers][];
        layers[0] = [Anchor(0.1, 1), Anchor(0.2, 2), Anchor(0.2, 0.5)];
        for (var layer = 1; layer < Layers; layer++)
        {
            var size = Size(layer);
            var next = layer == Layers - 1 ? 1 : Size(layer + 1);
            layers[layer] =
            [
                Anchor(size, 1),
                Anchor(Math.Sqrt(size * next), 1),
                Anchor(size, 2),
                Anchor(size, 0.5),
                Anchor(size, 3),
                Anchor(size, 1.0 / 3),
            ];
        }

        return layers;

        static double Size(int layer) => 0.2 + (0.75 * layer / (Layers - 1));

        static (float, float) Anchor(double size, double ratio) =>
            ((float)(TrainedSide * size / Math.Sqrt(ratio)), (float)(TrainedSide * size * Math.Sqrt(ratio)));
    }

    private static int Halve(int size, int times)
    {
        for (var i = 0; i < times; i++)
        {
            size = (size + 1) / 2;
        }

        return size;
    }
}
