using System.Runtime.InteropServices;
using FindMe.Onnx;

namespace FindMe.Faces.Tests;

public sealed class DetectorWeightsTests
{
    private const int SignedBytes = 3;

    /// <remarks>Such processors add the products of two neighbouring channels in 16 bits.</remarks>
    [Fact]
    public void No_two_neighbouring_weights_saturate_on_a_processor_without_VNNI()
    {
        var filters = ReadWeights("ssd_mobilenetv1_int8.onnx").Where(tensor => tensor is { Type: SignedBytes, Shape: [_, > 1, _, _] }).ToList();

        Assert.Equal(22, filters.Count);
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

    private static List<OnnxTensor> ReadWeights(string file)
    {
        const int modelGraph = 7;
        const int graphInitializer = 5;
        var graph = ProtobufField.Read(File.ReadAllBytes(Path.Combine(EngineFixture.ModelsPath, file))).Single(field => field.Number == modelGraph);
        return [.. ProtobufField.Read(graph.Bytes).Where(field => field.Number == graphInitializer).Select(field => OnnxTensor.Read(field.Bytes))];
    }
}
