using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace FindMe.Faces;

/// <summary>A face as a point on the unit sphere: two photos of one person lie close together.</summary>
/// <remarks>
/// Immutable, and safe to share between threads. Two embeddings can be compared only if they were made by the same
/// <see cref="FaceEngine.Recipe"/>.
/// </remarks>
public sealed class FaceEmbedding
{
    /// <summary>Numbers in an embedding: the width of the recognition model's output.</summary>
    public const int Length = 512;

    /// <summary>Size of <see cref="ToBytes"/>: four bytes a number.</summary>
    public const int ByteLength = Length * sizeof(float);

    // Far above the rounding of 512 floats, far below what a vector nobody normalised would show.
    private const float UnitLengthTolerance = 1e-3f;

    private readonly float[] _values;

    private FaceEmbedding(float[] values) => _values = values;

    /// <summary>The coordinates: <see cref="Length"/> of them, whose squares sum to 1.</summary>
    public ReadOnlySpan<float> Values => _values;

    /// <summary>Scales a raw model output to unit length.</summary>
    /// <param name="output">The model's output row, <c>[512]</c>, of any norm but zero.</param>
    /// <exception cref="ArgumentException"><paramref name="output"/> is not 512 long, is all zero, or holds a NaN or an infinity.</exception>
    public static FaceEmbedding FromModelOutput(ReadOnlySpan<float> output)
    {
        if (output.Length != Length)
        {
            throw new ArgumentException($"An embedding has {Length} numbers, not {output.Length}.", nameof(output));
        }

        var norm = MathF.Sqrt(SumOfSquares(output));
        if (!float.IsFinite(norm) || norm == 0)
        {
            throw new ArgumentException($"A model output of norm {norm} has no direction.", nameof(output));
        }

        var values = output.ToArray();
        foreach (ref var value in values.AsSpan())
        {
            value /= norm;
        }

        return new FaceEmbedding(values);
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    /// <param name="bytes">512 floats, little-endian.</param>
    /// <exception cref="ArgumentException"><paramref name="bytes"/> has another size, or is no vector of unit length.</exception>
    public static FaceEmbedding FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != ByteLength)
        {
            throw new ArgumentException($"An embedding has {ByteLength} bytes, not {bytes.Length}.", nameof(bytes));
        }

        var values = new float[Length];
        for (var i = 0; i < Length; i++)
        {
            values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(i * sizeof(float))..]);
        }

        var norm = MathF.Sqrt(SumOfSquares(values));
        return Math.Abs(norm - 1) <= UnitLengthTolerance
            ? new FaceEmbedding(values)
            : throw new ArgumentException($"These bytes are no embedding: their length as a vector is {norm}, not 1.", nameof(bytes));
    }

    /// <summary>The coordinates as <see cref="ByteLength"/> bytes: floats, little-endian, in order.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[ByteLength];
        for (var i = 0; i < Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), _values[i]);
        }

        return bytes;
    }

    /// <summary>Euclidean distance, 0 (the same point) to 2 (the opposite one); the cosine of the angle between is 1 − d² / 2.</summary>
    /// <param name="other">An embedding of the same recipe.</param>
    public float DistanceTo(FaceEmbedding other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var sums = Vector<float>.Zero;
        var ours = MemoryMarshal.Cast<float, Vector<float>>(_values);
        var theirs = MemoryMarshal.Cast<float, Vector<float>>(other._values);
        for (var i = 0; i < ours.Length; i++)
        {
            var difference = ours[i] - theirs[i];
            sums += difference * difference;
        }

        return MathF.Min(2, MathF.Sqrt(Vector.Sum(sums)));
    }

    private static float SumOfSquares(ReadOnlySpan<float> values)
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += (double)value * value;
        }

        return (float)sum;
    }
}
