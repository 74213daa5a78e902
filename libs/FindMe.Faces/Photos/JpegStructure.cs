using System.Buffers.Binary;

namespace FindMe.Faces;

/// <summary>Estimates the memory and time that decoding a JPEG takes, from its markers (ITU-T T.81, annex B).</summary>
/// <param name="CoefficientBytes">
/// Memory for the coefficients of the whole picture, which the decoder must hold if they are spread over several scans; 0 for a single scan.
/// </param>
/// <param name="Scans">Number of scans: how often the decoder passes over the picture.</param>
internal readonly record struct JpegStructure(long CoefficientBytes, int Scans)
{
    private const byte StartOfScan = 0xda;
    private const byte EndOfImage = 0xd9;

    // Bytes.
    private const int CoefficientSize = 2;

    /// <summary>Reads the valid markers and ignores damage, which the decoder reports.</summary>
    public static JpegStructure Read(ReadOnlySpan<byte> jpeg)
    {
        var (coefficients, scans, progressive, components, firstScanComponents) = (0L, 0, false, 0, 0);
        var position = 2;
        while (position + 4 <= jpeg.Length)
        {
            var marker = jpeg[position + 1];
            if (jpeg[position] != 0xff || HasNoLength(marker))
            {
                position++;
                continue;
            }

            if (marker == EndOfImage)
            {
                break;
            }

            var length = BinaryPrimitives.ReadUInt16BigEndian(jpeg[(position + 2)..]);
            var segment = jpeg.Slice(position + 4, Math.Clamp(length - 2, 0, jpeg.Length - position - 4));
            position += 2 + Math.Max(2, (int)length);
            if (IsFrame(marker) && segment.Length >= 6)
            {
                progressive = marker is 0xc2 or 0xca;
                components = segment[5];
                coefficients = CountCoefficients(segment);
            }
            else if (marker == StartOfScan && segment.Length >= 1)
            {
                scans++;
                firstScanComponents = scans == 1 ? segment[0] : firstScanComponents;
                position = SkipEntropyCoded(jpeg, position);
            }
        }

        var buffered = progressive || firstScanComponents < components;
        return new JpegStructure(buffered ? coefficients * CoefficientSize : 0, scans);
    }

    // SOF0 to SOF15, without DHT, JPG and DAC in between.
    private static bool IsFrame(byte marker) => marker is >= 0xc0 and <= 0xcf and not (0xc4 or 0xc8 or 0xcc);

    // Fill bytes, stuffed zeros, TEM, SOI and RST0 to RST7.
    private static bool HasNoLength(byte marker) => marker is 0xff or 0x00 or 0x01 or (>= 0xd0 and <= 0xd8);

    private static long CountCoefficients(ReadOnlySpan<byte> frame)
    {
        var pixels = (long)BinaryPrimitives.ReadUInt16BigEndian(frame[1..]) * BinaryPrimitives.ReadUInt16BigEndian(frame[3..]);
        var (sum, largest) = (0, 1);
        for (var i = 7; i < frame.Length; i += 3)
        {
            var samples = (frame[i] >> 4) * (frame[i] & 15);
            sum += samples;
            largest = Math.Max(largest, samples);
        }

        return pixels * sum / largest;
    }

    private static int SkipEntropyCoded(ReadOnlySpan<byte> jpeg, int position)
    {
        while (position + 1 < jpeg.Length)
        {
            var next = jpeg[position..].IndexOf((byte)0xff);
            if (next < 0)
            {
                return jpeg.Length;
            }

            position += next;
            if (position + 1 < jpeg.Length && !HasNoLength(jpeg[position + 1]))
            {
                return position;
            }

            position++;
        }

        return jpeg.Length;
    }
}
