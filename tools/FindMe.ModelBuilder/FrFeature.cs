using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace FindMe.ModelBuilder;

/// <summary>faceplugin's <c>fr_feature.onnx</c> as a part of another graph, with a dynamic batch dimension and without PRelu.</summary>
/// <remarks>
/// Input <c>input</c> [N, 3, 112, 112], output <c>output</c> [N, 512]. ONNX Runtime computes PRelu one value at a time, more than half of the
/// model's time. Tiny weights are set to 0: they do not change any sum, but subnormal numbers make Intel processors several times slower.
/// </remarks>
internal static class FrFeature
{
    private const int GraphNode = 1;
    private const int GraphInitializer = 5;
    private const int GraphInput = 11;
    private const int GraphOutput = 12;
    private const string ReshapeConstant = "703";
    private const int FloatData = 1;

    // Activations stay below 1e3 and a float has a precision of 1e-7, so smaller weights cannot change a sum.
    private const float Negligible = 1e-20f;

    public const string Input = "input";

    public const string Output = "output";

    /// <summary>Number of values of the output.</summary>
    public const int Length = 512;

    /// <summary>Returns the nodes and weights, as fields of a GraphProto message.</summary>
    /// <param name="original">The graph of the original model.</param>
    /// <exception cref="InvalidDataException">It is not the expected graph.</exception>
    public static ProtobufWriter Rewrite(ReadOnlyMemory<byte> original)
    {
        var fields = ProtobufField.Read(original).ToArray();
        var weights = fields
            .Where(field => field.Number == GraphInitializer)
            .Select(field => OnnxTensor.Read(field.Bytes))
            .ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        var slopes = fields.Where(field => field.Number == GraphNode).Select(SlopeOf).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var graph = new ProtobufWriter();
        foreach (var field in fields)
        {
            switch (field.Number)
            {
                case GraphNode:
                    WriteNode(graph, field, weights);
                    break;
                case GraphInitializer when slopes.Contains(OnnxTensor.Read(field.Bytes).Name):
                    break;
                case GraphInitializer when OnnxTensor.Read(field.Bytes).Name == ReshapeConstant:
                    graph.Message(GraphInitializer, FreeRows());
                    break;
                case GraphInitializer:
                    graph.Message(GraphInitializer, ZeroNegligible(field.Bytes));
                    break;
                case GraphInput or GraphOutput:
                    break;
                default:
                    graph.Copy(field);
                    break;
            }
        }

        return graph;
    }

    // The name of a PRelu's slopes; null for other nodes.
    private static string? SlopeOf(ProtobufField node)
    {
        var parts = ProtobufField.Read(node.Bytes).ToArray();
        return parts.Single(part => part.Number == 4).Text == "PRelu" ? parts.Where(part => part.Number == 1).ElementAt(1).Text : null;
    }

    private static void WriteNode(ProtobufWriter graph, ProtobufField node, Dictionary<string, OnnxTensor> weights)
    {
        if (SlopeOf(node) is not { } slope)
        {
            graph.Copy(node);
            return;
        }

        var parts = ProtobufField.Read(node.Bytes).ToArray();
        var (x, output) = (parts.First(part => part.Number == 1).Text, parts.Single(part => part.Number == 2).Text);
        var activation = new OnnxGraph("activation", $"{output}/");
        PRelu.Add(activation, x, weights[slope].Floats(), output);
        graph.Append(activation.Nodes);
        graph.Append(activation.Initializers);
    }

    // [1, -1] would flatten a whole batch into one row.
    private static ProtobufWriter FreeRows()
    {
        var data = new byte[2 * sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(data, -1);
        BinaryPrimitives.WriteInt64LittleEndian(data.AsSpan(sizeof(long)), Length);
        var tensor = new ProtobufWriter();
        tensor.Number(1, 2);
        tensor.Number(2, 7);
        tensor.Text(8, ReshapeConstant);
        tensor.Raw(9, data);
        return tensor;
    }

    private static ProtobufWriter ZeroNegligible(ReadOnlyMemory<byte> tensor)
    {
        var result = new ProtobufWriter();
        var fields = ProtobufField.Read(tensor).ToArray();
        var isFloat = fields.Any(field => field.Number == 2 && field.Value == FloatData);
        foreach (var field in fields)
        {
            if (!isFloat || field.Number != 9)
            {
                result.Copy(field);
                continue;
            }

            var data = field.Bytes.ToArray();
            foreach (ref var value in MemoryMarshal.Cast<byte, float>(data.AsSpan()))
            {
                value = Math.Abs(value) < Negligible ? 0 : value;
            }

            result.Raw(field.Number, data);
        }

        return result;
    }
}
