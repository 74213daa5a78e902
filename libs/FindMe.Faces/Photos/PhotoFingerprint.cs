using System.Globalization;
using System.Numerics;

namespace FindMe.Faces;

/// <summary>What a picture looks like from afar: the same picture, saved again, made smaller or cut a little, has nearly the same.</summary>
/// <remarks>
/// <para>
/// A perceptual hash of the discrete cosine transform (Zauner, "Implementation and benchmarking of perceptual image hash functions",
/// 2010): the picture is averaged to 32 × 32 grey values; each of its 255 lowest frequencies gives a bit, whether it is above their
/// median. The usual 64 bits are too few: photos of one stage, or portraits on grey, share them.
/// </para>
/// <para>The same file always has the same fingerprint. It says nothing about whose faces are on it.</para>
/// </remarks>
public sealed class PhotoFingerprint : IEquatable<PhotoFingerprint>
{
    /// <summary>
    /// Most bits in which two fingerprints of one picture differ, of <see cref="Bits"/>. Between what was measured: saved again, halved or
    /// cut by 2 % stays below, and no two of 470 different photos of an event come as close (docs/decisions/0006-duplicates.md).
    /// </summary>
    public const int SamePictureBits = 60;

    /// <summary>Bits of a fingerprint.</summary>
    public const int Bits = Frequencies * Frequencies;

    private const int Side = 32;
    private const int Frequencies = 16;
    private const int Words = Bits / 64;

    // cos((2x + 1)uπ / 2N): row u, column x.
    private static readonly float[] Cosines =
        [.. Enumerable.Range(0, Frequencies * Side).Select(i => MathF.Cos(((2 * (i % Side)) + 1) * (i / Side) * MathF.PI / (2 * Side)))];

    private readonly ulong[] _words;

    private PhotoFingerprint(ulong[] words) => _words = words;

    /// <summary>Takes the fingerprint of a photo.</summary>
    /// <param name="photo">The encoded photo.</param>
    /// <param name="options">The limits on it; the defaults where null.</param>
    /// <exception cref="PhotoException">The photo cannot be read.</exception>
    public static PhotoFingerprint Of(ReadOnlyMemory<byte> photo, FaceEngineOptions? options = null)
    {
        using var picture = PhotoDecoding.Decode(photo, 8 * Side, options ?? new FaceEngineOptions());
        return Of(picture);
    }

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <param name="text">64 hexadecimal digits.</param>
    /// <returns>Null where it is something else.</returns>
    public static PhotoFingerprint? TryParse(string? text)
    {
        if (text?.Length != Words * 16)
        {
            return null;
        }

        var words = new ulong[Words];
        for (var word = 0; word < Words; word++)
        {
            if (!ulong.TryParse(text.AsSpan(word * 16, 16), NumberStyles.AllowHexSpecifier, null, out words[word]))
            {
                return null;
            }
        }

        return new PhotoFingerprint(words);
    }

    /// <summary>In how many of <see cref="Bits"/> bits two fingerprints differ; two different pictures in about half of them.</summary>
    /// <param name="other">The other.</param>
    public int DistanceTo(PhotoFingerprint other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var distance = 0;
        for (var word = 0; word < Words; word++)
        {
            distance += BitOperations.PopCount(_words[word] ^ other._words[word]);
        }

        return distance;
    }

    /// <summary>Whether it is most likely the same picture.</summary>
    /// <param name="other">The other.</param>
    public bool IsSamePicture(PhotoFingerprint other) => DistanceTo(other) <= SamePictureBits;

    /// <summary>Whether two fingerprints, as <see cref="ToString"/> wrote them, are most likely of the same picture.</summary>
    /// <param name="one">One.</param>
    /// <param name="other">The other.</param>
    /// <returns>False also where one of them is no fingerprint.</returns>
    public static bool AreOfSamePicture(string? one, string? other) =>
        TryParse(one) is { } fingerprint && TryParse(other) is { } copy && fingerprint.IsSamePicture(copy);

    /// <inheritdoc />
    public bool Equals(PhotoFingerprint? other) => other is not null && _words.AsSpan().SequenceEqual(other._words);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as PhotoFingerprint);

    /// <inheritdoc />
    public override int GetHashCode() => _words[0].GetHashCode();

    /// <summary>64 hexadecimal digits.</summary>
    public override string ToString() => string.Concat(_words.Select(word => word.ToString("x16")));

    internal static PhotoFingerprint Of(Picture picture)
    {
        Span<float> planes = stackalloc float[3 * Side * Side];
        Resampling.Resample(
            picture,
            new PixelRectangle(0, 0, picture.Width, picture.Height),
            new PixelRectangle(0, 0, picture.Width, picture.Height),
            Side,
            Side,
            planes,
            Side,
            Side,
            ResamplingKind.Smooth);

        // ITU-R BT.601.
        Span<float> grey = stackalloc float[Side * Side];
        for (var i = 0; i < grey.Length; i++)
        {
            grey[i] = (0.299f * planes[i]) + (0.587f * planes[grey.Length + i]) + (0.114f * planes[(2 * grey.Length) + i]);
        }

        Span<float> spectrum = stackalloc float[Bits];
        Transform(grey, spectrum);

        // The mean brightness says nothing about what is to be seen.
        Span<float> sorted = stackalloc float[Bits - 1];
        spectrum[1..].CopyTo(sorted);
        sorted.Sort();
        var median = sorted[sorted.Length / 2];
        var words = new ulong[Words];
        for (var bit = 1; bit < Bits; bit++)
        {
            words[bit / 64] |= spectrum[bit] > median ? 1UL << (bit % 64) : 0;
        }

        return new PhotoFingerprint(words);
    }

    // The lowest frequencies of the two-dimensional DCT-II, first across, then down.
    private static void Transform(ReadOnlySpan<float> grey, Span<float> spectrum)
    {
        Span<float> across = stackalloc float[Side * Frequencies];
        for (var y = 0; y < Side; y++)
        {
            for (var u = 0; u < Frequencies; u++)
            {
                var sum = 0f;
                for (var x = 0; x < Side; x++)
                {
                    sum += grey[(y * Side) + x] * Cosines[(u * Side) + x];
                }

                across[(y * Frequencies) + u] = sum;
            }
        }

        for (var v = 0; v < Frequencies; v++)
        {
            for (var u = 0; u < Frequencies; u++)
            {
                var sum = 0f;
                for (var y = 0; y < Side; y++)
                {
                    sum += across[(y * Frequencies) + u] * Cosines[(v * Side) + y];
                }

                spectrum[(v * Frequencies) + u] = sum;
            }
        }
    }
}
