using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace FindMe.Onnx;

/// <summary>Builds an ONNX graph node by node; <see cref="ToModel"/> returns the file.</summary>
/// <remarks>
/// Field numbers are those of onnx.proto3 (https://github.com/onnx/onnx/blob/v1.17.0/onnx/onnx.proto3). Deterministic: the same calls
/// return the same bytes, because names contain a counter and nothing depends on the time or the machine.
/// </remarks>
/// <param name="name">The graph's name.</param>
/// <param name="prefix">Prefix of the names of nodes and weights, for a graph that becomes part of another one.</param>
internal sealed class OnnxGraph(string name, string prefix = "")
{
    // TensorProto.DataType.
    private const int FloatType = 1;
    private const int ByteType = 2;

    private readonly ProtobufWriter _nodes = new();
    private readonly ProtobufWriter _initializers = new();
    private readonly ProtobufWriter _inputs = new();
    private readonly ProtobufWriter _outputs = new();
    private int _counter;

    /// <summary>The nodes, as fields of a GraphProto message.</summary>
    public ProtobufWriter Nodes => _nodes;

    /// <summary>The weights, as fields of a GraphProto message.</summary>
    public ProtobufWriter Initializers => _initializers;

    /// <summary>The inputs, as fields of a GraphProto message.</summary>
    public ProtobufWriter Inputs => _inputs;

    /// <summary>The outputs, as fields of a GraphProto message.</summary>
    public ProtobufWriter Outputs => _outputs;

    /// <summary>Adds an input of floats; a negative dimension is free and named by its index.</summary>
    public string Input(string input, params ReadOnlySpan<int> shape)
    {
        _inputs.Message(11, ValueInfo(input, FloatType, shape));
        return input;
    }

    /// <summary>Adds an input of unsigned bytes; dimensions as in <see cref="Input"/>.</summary>
    public string ByteInput(string input, params ReadOnlySpan<int> shape)
    {
        _inputs.Message(11, ValueInfo(input, ByteType, shape));
        return input;
    }

    public void Output(string output, params ReadOnlySpan<int> shape) =>
        _outputs.Message(12, ValueInfo(output, FloatType, shape));

    public string Floats(ReadOnlySpan<float> values, params ReadOnlySpan<int> shape)
    {
        var bytes = new byte[values.Length * sizeof(float)];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), values[i]);
        }

        return Initializer(FloatType, bytes, shape);
    }

    public string Bytes(ReadOnlySpan<byte> values, params ReadOnlySpan<int> shape) => Initializer(ByteType, values, shape);

    public string SignedBytes(ReadOnlySpan<sbyte> values, params ReadOnlySpan<int> shape) =>
        Initializer(3, MemoryMarshal.AsBytes(values), shape);

    public string Integers(ReadOnlySpan<int> values, params ReadOnlySpan<int> shape)
    {
        var bytes = new byte[values.Length * sizeof(int)];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i * sizeof(int)), values[i]);
        }

        return Initializer(6, bytes, shape);
    }

    public string Longs(params ReadOnlySpan<long> values)
    {
        var bytes = new byte[values.Length * sizeof(long)];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(i * sizeof(long)), values[i]);
        }

        return Initializer(7, bytes, [values.Length]);
    }

    /// <summary>Adds a node with one output, and returns the output's generated name.</summary>
    public string Node(string operation, ReadOnlySpan<string> inputs, params ReadOnlySpan<OnnxAttribute> attributes) =>
        NamedNode($"{prefix}{operation}_{_counter++}", operation, inputs, attributes);

    /// <summary>Adds a node whose only output is named <paramref name="output"/>.</summary>
    public string NamedNode(
        string output,
        string operation,
        ReadOnlySpan<string> inputs,
        params ReadOnlySpan<OnnxAttribute> attributes)
    {
        _nodes.Message(1, OnnxNode.Write(output, operation, inputs, attributes));
        return output;
    }

    /// <summary>Returns the model file, with ir_version 7 and opset 13, the lowest that supports quantization per channel.</summary>
    public byte[] ToModel()
    {
        var graph = new ProtobufWriter();
        graph.Append(_nodes);
        graph.Text(2, name);
        graph.Append(_initializers);
        graph.Append(_inputs);
        graph.Append(_outputs);
        var opset = new ProtobufWriter();
        opset.Text(1, "");
        opset.Number(2, 13);
        var model = new ProtobufWriter();
        model.Number(1, 7);
        // Never change the producer name: it is part of the SHA-256 of every model that was measured.
        model.Text(2, "FindMe.Models");
        model.Message(7, graph);
        model.Message(8, opset);
        return model.ToArray();
    }

    private static ProtobufWriter ValueInfo(string name, int elementType, ReadOnlySpan<int> dimensions)
    {
        var shape = new ProtobufWriter();
        for (var i = 0; i < dimensions.Length; i++)
        {
            var dimension = new ProtobufWriter();
            if (dimensions[i] < 0)
            {
                dimension.Text(2, $"{name}_{i}");
            }
            else
            {
                dimension.Number(1, dimensions[i]);
            }

            shape.Message(1, dimension);
        }

        var tensor = new ProtobufWriter();
        tensor.Number(1, elementType);
        tensor.Message(2, shape);
        var type = new ProtobufWriter();
        type.Message(1, tensor);
        var info = new ProtobufWriter();
        info.Text(1, name);
        info.Message(2, type);
        return info;
    }

    private string Initializer(int dataType, ReadOnlySpan<byte> data, ReadOnlySpan<int> shape)
    {
        var initializer = $"{prefix}w_{_counter++}";
        var tensor = new ProtobufWriter();
        foreach (var dimension in shape)
        {
            tensor.Number(1, dimension);
        }

        tensor.Number(2, dataType);
        tensor.Text(8, initializer);
        tensor.Raw(9, data);
        _initializers.Message(5, tensor);
        return initializer;
    }
}

/// <summary>An attribute of a node: a number, a string, or a list of integers.</summary>
internal readonly record struct OnnxAttribute(string Name, object Value)
{
    public static implicit operator OnnxAttribute((string Name, object Value) pair) => new(pair.Name, pair.Value);
}

/// <summary>Writes NodeProto messages, for <see cref="OnnxGraph"/> and for code that rewrites existing models.</summary>
internal static class OnnxNode
{
    public static ProtobufWriter Write(
        string output,
        string operation,
        ReadOnlySpan<string> inputs,
        params ReadOnlySpan<OnnxAttribute> attributes)
    {
        var node = new ProtobufWriter();
        foreach (var input in inputs)
        {
            node.Text(1, input);
        }

        node.Text(2, output);
        node.Text(3, output);
        node.Text(4, operation);
        foreach (var attribute in attributes)
        {
            node.Message(5, Write(attribute));
        }

        return node;
    }

    private static ProtobufWriter Write(OnnxAttribute attribute)
    {
        var message = new ProtobufWriter();
        message.Text(1, attribute.Name);
        switch (attribute.Value)
        {
            case float number:
                message.Float(2, number);
                message.Number(20, 1);
                break;
            case int number:
                message.Number(3, number);
                message.Number(20, 2);
                break;
            case string text:
                message.Text(4, text);
                message.Number(20, 3);
                break;
            case int[] numbers:
                foreach (var number in numbers)
                {
                    message.Number(8, number);
                }

                message.Number(20, 7);
                break;
            default:
                throw new ArgumentException($"Attribute {attribute.Name} has the unsupported type {attribute.Value.GetType()}: use float, int, string or int[].", nameof(attribute));
        }

        return message;
    }
}
