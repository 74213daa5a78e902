using System.Runtime.InteropServices;

namespace FindMe.Onnx;

/// <summary>A weight of an ONNX file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="Type">The number of its type: 1 for floats.</param>
/// <param name="Data">Its values, little-endian; empty where the file stores them in another field.</param>
internal sealed record OnnxTensor(string Name, int[] Shape, int Type, ReadOnlyMemory<byte> Data)
{
    /// <summary>The type of floats.</summary>
    public const int FloatType = 1;

    /// <exception cref="InvalidDataException">The bytes are no tensor.</exception>
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
                    // Packed: one varint after another.
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

    /// <summary>The values of a tensor of floats.</summary>
    public float[] Floats() => MemoryMarshal.Cast<byte, float>(Data.Span).ToArray();
}
