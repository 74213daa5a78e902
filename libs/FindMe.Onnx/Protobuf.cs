using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace FindMe.Onnx;

/// <summary>Writes the wire format of Protocol Buffers: https://protobuf.dev/programming-guides/encoding.</summary>
internal sealed class ProtobufWriter
{
    private const int Varint = 0;
    private const int Delimited = 2;
    private const int Fixed32 = 5;

    private readonly ArrayBufferWriter<byte> _written = new();

    public void Number(int field, long value)
    {
        WriteVarint((ulong)((field << 3) | Varint));
        WriteVarint((ulong)value);
    }

    public void Float(int field, float value)
    {
        WriteVarint((ulong)((field << 3) | Fixed32));
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        _written.Write(bytes);
    }

    public void Text(int field, string value) => Raw(field, Encoding.UTF8.GetBytes(value));

    public void Raw(int field, ReadOnlySpan<byte> value)
    {
        WriteVarint((ulong)((field << 3) | Delimited));
        WriteVarint((ulong)value.Length);
        _written.Write(value);
    }

    public void Message(int field, ProtobufWriter message) => Raw(field, message._written.WrittenSpan);

    /// <summary>Appends the fields of another writer.</summary>
    public void Append(ProtobufWriter fields) => _written.Write(fields._written.WrittenSpan);

    /// <summary>Appends an unmodified field of another message.</summary>
    public void Copy(ProtobufField field)
    {
        WriteVarint((ulong)((field.Number << 3) | field.WireType));
        if (field.WireType == Varint)
        {
            WriteVarint(field.Value);
            return;
        }

        if (field.WireType == Delimited)
        {
            WriteVarint((ulong)field.Bytes.Length);
        }

        _written.Write(field.Bytes.Span);
    }

    public byte[] ToArray() => _written.WrittenSpan.ToArray();

    private void WriteVarint(ulong value)
    {
        while (value >= 0x80)
        {
            _written.Write([(byte)(value | 0x80)]);
            value >>= 7;
        }

        _written.Write([(byte)value]);
    }
}

/// <summary>A field of a message. <c>Value</c> is set for varints, <c>Bytes</c> for all other wire types.</summary>
internal readonly record struct ProtobufField(int Number, int WireType, ulong Value, ReadOnlyMemory<byte> Bytes)
{
    public string Text => Encoding.UTF8.GetString(Bytes.Span);

    /// <summary>Reads the fields of a message in their order.</summary>
    /// <exception cref="InvalidDataException">The bytes are not a valid message.</exception>
    public static IEnumerable<ProtobufField> Read(ReadOnlyMemory<byte> message)
    {
        var position = 0;
        while (position < message.Length)
        {
            var key = ReadVarint(message.Span, ref position);
            var (number, wireType) = ((int)(key >> 3), (int)(key & 7));
            if (wireType == 0)
            {
                yield return new ProtobufField(number, wireType, ReadVarint(message.Span, ref position), default);
                continue;
            }

            var length = wireType switch
            {
                1 => 8,
                2 => (int)Math.Min(ReadVarint(message.Span, ref position), int.MaxValue),
                5 => 4,
                _ => throw new InvalidDataException($"unknown wire type {wireType} at byte {position}"),
            };
            if (length > message.Length - position)
            {
                throw new InvalidDataException($"the field at byte {position} runs past the end");
            }

            yield return new ProtobufField(number, wireType, 0, message.Slice(position, length));
            position += length;
        }
    }

    /// <summary>Reads the varints of a packed field.</summary>
    /// <exception cref="InvalidDataException">The bytes are not valid varints.</exception>
    public static List<int> ReadPacked(ReadOnlyMemory<byte> bytes)
    {
        var numbers = new List<int>();
        for (var position = 0; position < bytes.Length;)
        {
            numbers.Add((int)ReadVarint(bytes.Span, ref position));
        }

        return numbers;
    }

    private static ulong ReadVarint(ReadOnlySpan<byte> bytes, ref int position)
    {
        var value = 0ul;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (position == bytes.Length)
            {
                throw new InvalidDataException("the message ends inside a number");
            }

            var next = bytes[position++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException($"the number before byte {position} is too long");
    }
}
