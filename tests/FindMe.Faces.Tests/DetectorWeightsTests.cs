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
        var random = new Random(1);
        var planes = Enumerable.Range(0, 3 * width * height).Select(_ => (float)random.Next(256)).ToArray();
        var (whole, small) = (Run("ssd_mobilenetv1_int8.onnx"), Run("ssd_mobilenetv1_int8_small_faces.onnx"));

        Assert.Equal(width / 16 * (height / 16) * 3, small.Scores.Length);
        Assert.Equal(whole.Scores[..small.Scores.Length], small.Scores);
        Assert.Equal(whole.Boxes[..small.Boxes.Length], small.Boxes);

        (float[] Boxes, float[] Scores) Run(string file)
        {
            using var session = new InferenceSession(Path.Combine(EngineFixture.ModelsPath, file));
            using var input = OrtValue.CreateTensorValueFromMemory(planes, [1, 3, height, width]);
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
