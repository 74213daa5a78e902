using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace FindMe.Faces;

/// <summary>A face as a vector: photos of the same person have embeddings that are close together.</summary>
/// <remarks>
/// Immutable until <see cref="Erase"/>, and safe to share between threads. Only embeddings made with the same
/// <see cref="FaceEngine.Recipe"/> can be compared. The default recipe makes 704 numbers of unit length.
/// </remarks>
public sealed class FaceEmbedding
{
    /// <summary>Minimum number of values.</summary>
    public const int MinLength = 32;

    /// <summary>Maximum number of values.</summary>
    public const int MaxLength = 2_048;

    // Model outputs have norms of 1 to 100. Much larger ones would overflow a float when squared, and distances would become NaN.
    private const float MaxNorm = 1e6f;

    private readonly float[] _values;

    private FaceEmbedding(float[] values) => _values = values;

    /// <summary>The values; their number is the length of the model's output.</summary>
    public ReadOnlySpan<float> Values => _values;

    /// <summary>Reads the bytes that <see cref="ToBytes"/> wrote.</summary>
    /// <param name="bytes">32 to 2,048 floats, little-endian.</param>
    /// <exception cref="ArgumentException"><paramref name="bytes"/> has another size, or its values are all zero, not finite, or of a norm above 1,000,000.</exception>
    public static FaceEmbedding FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length % sizeof(float) != 0 || bytes.Length / sizeof(float) is < MinLength or > MaxLength)
        {
            throw new ArgumentException($"An embedding must be {MinLength} to {MaxLength} floats, not {bytes.Length} bytes.", nameof(bytes));
        }

        // Pinned, so that the garbage collector never moves the array and leaves a copy that Erase would miss.
        var values = GC.AllocateUninitializedArray<float>(bytes.Length / sizeof(float), pinned: true);
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(i * sizeof(float))..]);
        }

        CheckedNorm(values, nameof(bytes));
        return new FaceEmbedding(values);
    }

    /// <summary>Creates an embedding from a copy of stored <see cref="Values"/>.</summary>
    /// <param name="values">32 to 2,048 numbers.</param>
    /// <exception cref="ArgumentException"><paramref name="values"/> has another length, or is all zero, not finite, or of a norm above 1,000,000.</exception>
    public static FaceEmbedding FromValues(ReadOnlySpan<float> values)
    {
        if (values.Length is < MinLength or > MaxLength)
        {
            throw new ArgumentException($"An embedding must have {MinLength} to {MaxLength} numbers, not {values.Length}.", nameof(values));
        }

        CheckedNorm(values, nameof(values));
        return new FaceEmbedding(values.ToArray());
    }

    /// <summary>Returns the values as little-endian floats.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[_values.Length * sizeof(float)];
        for (var i = 0; i < _values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), _values[i]);
        }

        return bytes;
    }

    /// <summary>Overwrites the values with infinity, so that the embedding no longer matches any face.</summary>
    /// <remarks>Not safe while another thread still uses the embedding: only its last user may erase it.</remarks>
    public void Erase() => Array.Fill(_values, float.PositiveInfinity);

    /// <summary>Returns the Euclidean distance d. For embeddings of unit length it is 0 to 2, and their cosine is 1 − d² / 2.</summary>
    /// <param name="other">An embedding made with the same recipe.</param>
    /// <exception cref="ArgumentException"><paramref name="other"/> has another length, so another model made it.</exception>
    public float DistanceTo(FaceEmbedding other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other._values.Length != _values.Length)
        {
            throw new ArgumentException(
                $"An embedding of {_values.Length} numbers cannot be compared with one of {other._values.Length}: use embeddings of the same model.", nameof(other));
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

    /// <summary>Creates an embedding from a raw model output.</summary>
    /// <param name="output">One row of the model's output.</param>
    /// <param name="metric">With <see cref="EmbeddingMetric.Cosine"/> the output is scaled to unit length.</param>
    /// <exception cref="ArgumentException"><paramref name="output"/> is all zero, not finite, or of a norm above 1,000,000.</exception>
    internal static FaceEmbedding FromModelOutput(ReadOnlySpan<float> output, EmbeddingMetric metric = EmbeddingMetric.Cosine)
    {
        var norm = CheckedNorm(output, nameof(output));
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

    private static float CheckedNorm(ReadOnlySpan<float> values, string parameter)
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += (double)value * value;
        }

        var norm = (float)Math.Sqrt(sum);
        return norm is > 0 and <= MaxNorm ? norm : throw new ArgumentException($"An embedding must have a norm above 0 and at most {MaxNorm}, not {norm}.", parameter);
    }
}
