using System.Globalization;
using System.Numerics;

namespace FindMe.Faces;

/// <summary>Perceptual hash of a picture. Recompressed, shrunk or slightly cropped copies have nearly the same hash.</summary>
/// <remarks>
/// <para>
/// Based on the discrete cosine transform (Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010): the
/// picture is averaged to 32 × 32 grey values, and each of its 255 lowest frequencies gives one bit: above their median or not. The usual
/// 64 bits are too few: different photos of one stage, or portraits on grey, would get the same hash.
/// </para>
/// <para>Deterministic for a file. It contains no information about faces.</para>
/// </remarks>
public sealed class PhotoFingerprint : IEquatable<PhotoFingerprint>
{
    /// <summary>
    /// Maximum number of differing bits, of <see cref="Bits"/>, between copies of one picture. Copies recompressed, halved or cropped by 2 %
    /// stay below it; no two of 470 different photos of an event come as close (docs/decisions/0006-duplicates.md).
    /// </summary>
    public const int SamePictureBits = 60;

    /// <summary>Number of bits.</summary>
    public const int Bits = Frequencies * Frequencies;

    private const int Side = 32;
    private const int Frequencies = 16;
    private const int Words = Bits / 64;

    // cos((2x + 1)uπ / 2N): row u, column x.
    private static readonly float[] Cosines =
        [.. Enumerable.Range(0, Frequencies * Side).Select(i => MathF.Cos(((2 * (i % Side)) + 1) * (i / Side) * MathF.PI / (2 * Side)))];

    private readonly ulong[] _words;

    private PhotoFingerprint(ulong[] words) => _words = words;

    /// <summary>Computes the fingerprint of an encoded photo.</summary>
    /// <param name="photo">The encoded photo.</param>
    /// <param name="options">Limits on the photo; null for the defaults.</param>
    /// <exception cref="PhotoException">The photo cannot be read.</exception>
    public static PhotoFingerprint Of(ReadOnlyMemory<byte> photo, FaceEngineOptions? options = null)
    {
        using var picture = PhotoDecoding.Decode(photo, 8 * Side, options ?? new FaceEngineOptions());
        return Of(picture);
    }

    /// <summary>Parses the result of <see cref="ToString"/>.</summary>
    /// <param name="text">64 hexadecimal digits.</param>
    /// <returns>Null if the text is anything else.</returns>
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

    /// <summary>Returns the number of differing bits, of <see cref="Bits"/>; about half of them for different pictures.</summary>
    /// <param name="other">The fingerprint to compare with.</param>
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

    /// <summary>Whether both fingerprints are most likely of the same picture.</summary>
    /// <param name="other">The fingerprint to compare with.</param>
    public bool IsSamePicture(PhotoFingerprint other) => DistanceTo(other) <= SamePictureBits;

    /// <summary>Whether two fingerprints in the format of <see cref="ToString"/> are most likely of the same picture.</summary>
    /// <param name="one">A fingerprint.</param>
    /// <param name="other">Another fingerprint.</param>
    /// <returns>False also if either is not a valid fingerprint.</returns>
    public static bool AreOfSamePicture(string? one, string? other) =>
        TryParse(one) is { } fingerprint && TryParse(other) is { } copy && fingerprint.IsSamePicture(copy);

    /// <inheritdoc />
    public bool Equals(PhotoFingerprint? other) => other is not null && _words.AsSpan().SequenceEqual(other._words);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as PhotoFingerprint);

    /// <inheritdoc />
    public override int GetHashCode() => _words[0].GetHashCode();

    /// <summary>Returns 64 hexadecimal digits.</summary>
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

        // Luma of ITU-R BT.601.
        Span<float> grey = stackalloc float[Side * Side];
        for (var i = 0; i < grey.Length; i++)
        {
            grey[i] = (0.299f * planes[i]) + (0.587f * planes[grey.Length + i]) + (0.114f * planes[(2 * grey.Length) + i]);
        }

        Span<float> spectrum = stackalloc float[Bits];
        Transform(grey, spectrum);

        // Skip the first frequency: the mean brightness says nothing about the content.
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
