using System.Runtime.InteropServices;
using FindMe.Onnx;
using Microsoft.ML.OnnxRuntime;

namespace FindMe.Faces.Tests;

public sealed class DetectorWeightsTests
{
    private const int SignedBytes = 3;

    /// <remarks>Such processors add the products of two neighbouring channels in 16 bits.</remarks>
    [Theory]
    [InlineData("ssd_mobilenetv1_int8.onnx", 22)]
    [InlineData("ssd_mobilenetv1_int8_small_faces.onnx", 12)]
    public void No_two_neighbouring_weights_saturate_on_a_processor_without_VNNI(string file, int layers)
    {
        var filters = ReadWeights(file).Where(tensor => tensor is { Type: SignedBytes, Shape: [_, > 1, _, _] }).ToList();

        Assert.Equal(layers, filters.Count);
        Assert.All(filters, filter =>
        {
            var weights = MemoryMarshal.Cast<byte, sbyte>(filter.Data.Span);
            var (inputs, area) = (filter.Shape[1], filter.Shape[2] * filter.Shape[3]);
            Assert.Equal(0, inputs % 2);
            for (var i = 0; i < weights.Length; i++)
            {
                if (i / area % 2 == 0)
                {
                    var sum = weights[i] + weights[i + area];
                    Assert.True(byte.MaxValue * sum is >= short.MinValue and <= short.MaxValue, $"{filter.Name}: {weights[i]} and {weights[i + area]}");
                }
            }
        });
    }

    [Fact]
    public void The_model_of_small_faces_gives_the_first_map_of_the_whole_model()
    {
        const int width = 96;
        const int height = 64;
        var pixels = new byte[width * height * 3];
        new Random(1).NextBytes(pixels);
        var planes = new float[pixels.Length];
        var lanes = new byte[width * height * Resampling.BytesPerPixel];
        for (var i = 0; i < pixels.Length; i++)
        {
            var (pixel, band) = (i / 3, i % 3);
            planes[(band * width * height) + pixel] = pixels[i];
            lanes.AsSpan((pixel * Resampling.BytesPerPixel) + (2 * band), 2).Fill(pixels[i]);
        }

        using var floats = OrtValue.CreateTensorValueFromMemory(planes, [1, 3, height, width]);
        using var bytes = OrtValue.CreateTensorValueFromMemory(lanes, [1, height, width, Resampling.BytesPerPixel]);
        var (whole, small) = (Run("ssd_mobilenetv1_int8.onnx", floats), Run("ssd_mobilenetv1_int8_small_faces.onnx", bytes));

        Assert.Equal(width / 16 * (height / 16) * 3, small.Scores.Length);
        Assert.Equal(whole.Scores[..small.Scores.Length], small.Scores);
        Assert.Equal(whole.Boxes[..small.Boxes.Length], small.Boxes);

        static (float[] Boxes, float[] Scores) Run(string file, OrtValue input)
        {
            using var session = new InferenceSession(Path.Combine(EngineFixture.ModelsPath, file));
            using var run = new RunOptions();
            using var outputs = session.Run(run, ["image"], [input], ["boxes", "scores"]);
            return (outputs[0].GetTensorDataAsSpan<float>().ToArray(), outputs[1].GetTensorDataAsSpan<float>().ToArray());
        }
    }

    private static List<OnnxTensor> ReadWeights(string file)
    {
        const int modelGraph = 7;
        const int graphInitializer = 5;
        var graph = ProtobufField.Read(File.ReadAllBytes(Path.Combine(EngineFixture.ModelsPath, file))).Single(field => field.Number == modelGraph);
        return [.. ProtobufField.Read(graph.Bytes).Where(field => field.Number == graphInitializer).Select(field => OnnxTensor.Read(field.Bytes))];
    }
}
