using System.Runtime.InteropServices;

namespace FindMe.Onnx;

/// <summary>A weight tensor of an ONNX file (TensorProto).</summary>
/// <param name="Name">Name of the tensor.</param>
/// <param name="Shape">Dimensions.</param>
/// <param name="Type">TensorProto.DataType, such as 1 for floats.</param>
/// <param name="Data">Little-endian values of raw_data; empty if the file stores the values in another field.</param>
internal sealed record OnnxTensor(string Name, int[] Shape, int Type, ReadOnlyMemory<byte> Data)
{
    /// <summary><see cref="Type"/> of floats.</summary>
    public const int FloatType = 1;

    /// <exception cref="InvalidDataException">The bytes are not a valid message.</exception>
    public static OnnxTensor Read(ReadOnlyMemory<byte> message)
    {
        var (name, shape, type, data) = ("", new List<int>(), 0, ReadOnlyMemory<byte>.Empty);
        foreach (var field in ProtobufField.Read(message))
        {
            switch (field)
            {
                case { Number: 1, WireType: 0 }:
                    shape.Add((int)field.Value);
                    break;
                case { Number: 1 }:
                    // Packed encoding.
                    shape.AddRange(ProtobufField.ReadPacked(field.Bytes));
                    break;
                case { Number: 2 }:
                    type = (int)field.Value;
                    break;
                case { Number: 8 }:
                    name = field.Text;
                    break;
                case { Number: 9 }:
                    data = field.Bytes;
                    break;
                default:
                    break;
            }
        }

        return new OnnxTensor(name, [.. shape], type, data);
    }

    /// <summary>Returns the values; the tensor must be of type <see cref="FloatType"/>.</summary>
    public float[] Floats() => MemoryMarshal.Cast<byte, float>(Data.Span).ToArray();
}
