using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace FindMe.ModelBuilder;

/// <summary>Rewrites faceplugin's <c>fr_feature.onnx</c> with a dynamic batch dimension and without PRelu. Results stay bit-identical.</summary>
/// <remarks>
/// Input <c>input</c> [N, 3, 112, 112], output <c>output</c> [N, 512]. On the CPU, ONNX Runtime computes PRelu one value at a time, more
/// than half of the model's time; Mul and Max are vectorized. Tiny weights are set to 0: they do not change any sum, but subnormal numbers
/// make Intel processors several times slower.
/// </remarks>
internal static class FrFeature
{
    private const int ModelGraph = 7;
    private const int GraphNode = 1;
    private const int GraphInitializer = 5;
    private const int GraphInput = 11;
    private const int GraphOutput = 12;
    private const string ReshapeConstant = "703";
    private const int FloatData = 1;

    // Activations stay below 1e3 and a float has a precision of 1e-7, so smaller weights cannot change a sum.
    private const float Negligible = 1e-20f;

    /// <exception cref="InvalidDataException">The file is not the expected ONNX model.</exception>
    public static byte[] Rewrite(byte[] original)
    {
        var model = new ProtobufWriter();
        foreach (var field in ProtobufField.Read(original))
        {
            if (field.Number == ModelGraph)
            {
                model.Message(ModelGraph, RewriteGraph(field.Bytes));
            }
            else
            {
                model.Copy(field);
            }
        }

        return model.ToArray();
    }

    private static ProtobufWriter RewriteGraph(ReadOnlyMemory<byte> original)
    {
        var fields = ProtobufField.Read(original).ToArray();
        var slopes = fields
            .Where(field => field.Number == GraphInitializer)
            .Select(field => OnnxTensor.Read(field.Bytes))
            .ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        var graph = new ProtobufWriter();
        foreach (var field in fields)
        {
            switch (field.Number)
            {
                case GraphNode:
                    WriteNode(graph, field, slopes);
                    break;
                case GraphInitializer when OnnxTensor.Read(field.Bytes).Name == ReshapeConstant:
                    graph.Message(GraphInitializer, FreeRows());
                    break;
                case GraphInput or GraphOutput:
                    graph.Message(field.Number, FreeFirstDimension(field.Bytes));
                    break;
                case GraphInitializer:
                    graph.Message(GraphInitializer, ZeroNegligible(field.Bytes));
                    break;
                default:
                    graph.Copy(field);
                    break;
            }
        }

        return graph;
    }

    private static void WriteNode(ProtobufWriter graph, ProtobufField field, Dictionary<string, OnnxTensor> slopes)
    {
        var parts = ProtobufField.Read(field.Bytes).ToArray();
        if (parts.Single(part => part.Number == 4).Text != "PRelu")
        {
            graph.Copy(field);
            return;
        }

        var inputs = parts.Where(part => part.Number == 1).Select(part => part.Text).ToArray();
        var output = parts.Single(part => part.Number == 2).Text;
        var (x, slope) = (inputs[0], inputs[1]);
        if (slopes[slope].Floats().All(value => value <= 1))
        {
            // PRelu is max(x, slope·x), since slope·x ≥ x for x < 0, and slope·x ≤ x for x > 0.
            Add($"{output}_leak", "Mul", x, slope);
            Add(output, "Max", x, $"{output}_leak");
        }
        else
        {
            // One of the two terms is always 0, so the sum is exact.
            Add($"{output}_positive", "Relu", x);
            Add($"{output}_negative", "Sub", x, $"{output}_positive");
            Add($"{output}_leak", "Mul", $"{output}_negative", slope);
            Add(output, "Add", $"{output}_positive", $"{output}_leak");
        }

        void Add(string result, string operation, params ReadOnlySpan<string> operands) =>
            graph.Message(GraphNode, OnnxNode.Write(result, operation, operands));
    }

    // [1, -1] would flatten a whole batch into one row.
    private static ProtobufWriter FreeRows()
    {
        var data = new byte[2 * sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(data, -1);
        BinaryPrimitives.WriteInt64LittleEndian(data.AsSpan(sizeof(long)), 512);
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

    // ValueInfo{type 2} → Type{tensor_type 1} → Tensor{shape 2} → Shape{dim 1} → {dim_param 2}.
    private static ProtobufWriter FreeFirstDimension(ReadOnlyMemory<byte> valueInfo) =>
        Descend(valueInfo, [2, 1, 2]);

    private static ProtobufWriter Descend(ReadOnlyMemory<byte> message, ReadOnlySpan<int> path)
    {
        var result = new ProtobufWriter();
        var first = true;
        foreach (var field in ProtobufField.Read(message))
        {
            if (path.Length > 0 && field.Number == path[0])
            {
                result.Message(field.Number, Descend(field.Bytes, path[1..]));
            }
            else if (path.Length == 0 && field.Number == 1 && first)
            {
                var dimension = new ProtobufWriter();
                dimension.Text(2, "faces");
                result.Message(1, dimension);
                first = false;
            }
            else
            {
                result.Copy(field);
            }
        }

        return result;
    }
}
