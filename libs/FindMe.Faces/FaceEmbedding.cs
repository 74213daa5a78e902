using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace FindMe.Faces;

/// <summary>A face as a point in space: two photos of one person lie close together.</summary>
/// <remarks>
/// Immutable until it is erased, and safe to share between threads. Two embeddings can be compared only if they were made by the same
/// <see cref="FaceEngine.Recipe"/>. With the default recipe it has 512 numbers and unit length.
/// </remarks>
public sealed class FaceEmbedding
{
    /// <summary>Fewest numbers of an embedding.</summary>
    public const int MinLength = 32;

    /// <summary>Most numbers of an embedding.</summary>
    public const int MaxLength = 2_048;

    // Networks' outputs have norms of 1 to 100. Far beyond, squares leave what a float holds, and no distance is a number any more.
    private const float MaxNorm = 1e6f;

    private readonly float[] _values;

    private FaceEmbedding(float[] values) => _values = values;

    /// <summary>The coordinates: as many as the model's output is wide.</summary>
    public ReadOnlySpan<float> Values => _values;

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    /// <param name="bytes">32 to 2,048 floats, little-endian.</param>
    /// <exception cref="ArgumentException"><paramref name="bytes"/> has another size, is all zero, of a norm above a million, or holds a NaN or an infinity.</exception>
    public static FaceEmbedding FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length % sizeof(float) != 0 || bytes.Length / sizeof(float) is < MinLength or > MaxLength)
        {
            throw new ArgumentException($"An embedding has {MinLength} to {MaxLength} floats, not {bytes.Length} bytes.", nameof(bytes));
        }

        // Pinned: the garbage collector leaves no copy of a person's embedding behind that Erase would not reach.
        var values = GC.AllocateUninitializedArray<float>(bytes.Length / sizeof(float), pinned: true);
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(i * sizeof(float))..]);
        }

        NormOf(values, nameof(bytes));
        return new FaceEmbedding(values);
    }

    /// <summary>Makes an embedding of coordinates that another place kept; they are copied.</summary>
    /// <param name="values">32 to 2,048 numbers, as <see cref="Values"/> gave them.</param>
    /// <exception cref="ArgumentException"><paramref name="values"/> has another size, is all zero, of a norm above a million, or holds a NaN or an infinity.</exception>
    public static FaceEmbedding FromValues(ReadOnlySpan<float> values)
    {
        if (values.Length is < MinLength or > MaxLength)
        {
            throw new ArgumentException($"An embedding has {MinLength} to {MaxLength} numbers, not {values.Length}.", nameof(values));
        }

        NormOf(values, nameof(values));
        return new FaceEmbedding(values.ToArray());
    }

    /// <summary>The coordinates as bytes: floats, little-endian, in order.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[_values.Length * sizeof(float)];
        for (var i = 0; i < _values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), _values[i]);
        }

        return bytes;
    }

    /// <summary>Overwrites the coordinates. Nothing is near an erased embedding.</summary>
    /// <remarks>The only change an embedding ever sees, and its last: whoever erases it must be its last user.</remarks>
    public void Erase() => Array.Fill(_values, float.PositiveInfinity);

    /// <summary>Euclidean distance, from 0, the same point. With embeddings of unit length up to 2; their cosine is 1 − d² / 2.</summary>
    /// <param name="other">An embedding of the same recipe.</param>
    /// <exception cref="ArgumentException"><paramref name="other"/> has another length: another model made it.</exception>
    public float DistanceTo(FaceEmbedding other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other._values.Length != _values.Length)
        {
            throw new ArgumentException(
                $"An embedding of {_values.Length} numbers cannot be compared with one of {other._values.Length}: another model made it.", nameof(other));
        }

        var sums = Vector<float>.Zero;
        var ours = MemoryMarshal.Cast<float, Vector<float>>(_values);
        var theirs = MemoryMarshal.Cast<float, Vector<float>>(other._values);
        for (var i = 0; i < ours.Length; i++)
        {
            var difference = ours[i] - theirs[i];
            sums += difference * difference;
        }

        var total = Vector.Sum(sums);
        for (var i = ours.Length * Vector<float>.Count; i < _values.Length; i++)
        {
            total += (_values[i] - other._values[i]) * (_values[i] - other._values[i]);
        }

        return MathF.Sqrt(total);
    }

    /// <summary>Makes an embedding of a raw model output.</summary>
    /// <param name="output">The model's output row, of any norm but zero.</param>
    /// <param name="metric">Whether it is scaled to unit length.</param>
    /// <exception cref="ArgumentException"><paramref name="output"/> is all zero, of a norm above a million, or holds a NaN or an infinity.</exception>
    internal static FaceEmbedding FromModelOutput(ReadOnlySpan<float> output, EmbeddingMetric metric = EmbeddingMetric.Cosine)
    {
        var norm = NormOf(output, nameof(output));
        var values = output.ToArray();
        if (metric == EmbeddingMetric.Cosine)
        {
            foreach (ref var value in values.AsSpan())
            {
                value /= norm;
            }
        }

        return new FaceEmbedding(values);
    }

    private static float NormOf(ReadOnlySpan<float> values, string parameter)
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += (double)value * value;
        }

        var norm = (float)Math.Sqrt(sum);
        return norm is > 0 and <= MaxNorm ? norm : throw new ArgumentException($"A vector of norm {norm} is no embedding.", parameter);
    }
}
