using System.Buffers.Binary;
using System.Text;

namespace FindMe.Api;

/// <summary>A file as the directory of a ZIP file describes it.</summary>
/// <param name="Name">Its name, decoded.</param>
/// <param name="Packed">Bytes in the ZIP file.</param>
/// <param name="Unpacked">Bytes that it claims to have unpacked.</param>
/// <param name="Offset">Where its local header begins.</param>
/// <param name="HeaderBytes">The least bytes of that header: the fixed part and the name.</param>
internal sealed record ZipRecord(string Name, long Packed, long Unpacked, long Offset, int HeaderBytes);

/// <summary>The directory at the end of a ZIP file, read and checked before anything is unpacked.</summary>
/// <remarks>
/// APPNOTE.TXT 4.3.12 and 4.3.16. <see cref="System.IO.Compression.ZipArchive"/> reads the whole directory into memory, shows neither where a file
/// lies nor the bytes of its name, and lets many files share the same bytes.
/// </remarks>
internal static class ZipDirectory
{
    private const int EndLength = 22;
    private const int RecordLength = 46;
    private const int LocalHeaderLength = 30;
    private const ushort Zip64Extra = 1;
    private const ushort Utf8Flag = 1 << 11;

    // A record with a name and extras that no honest one exceeds on average.
    private const int MaxBytesOfRecord = 1_024;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    // What the first ZIP programs wrote names in, and what the format says of names that are not marked as UTF-8 (APPNOTE.TXT, appendix D).
    private static readonly Encoding Cp437 = CodePagesEncodingProvider.Instance.GetEncoding(437)!;

    /// <summary>Reads the directory.</summary>
    /// <param name="file">The ZIP file.</param>
    /// <param name="maxEntries">Files that it may hold.</param>
    /// <exception cref="InvalidDataException">It is no ZIP file, or is cut off.</exception>
    /// <exception cref="ZipRefusedException">It holds too many files, or files that share their bytes.</exception>
    public static IReadOnlyList<ZipRecord> Read(FileStream file, int maxEntries)
    {
        var tail = new byte[(int)Math.Min(file.Length, EndLength + ushort.MaxValue)];
        file.Seek(-tail.Length, SeekOrigin.End);
        file.ReadExactly(tail);
        var end = tail.AsSpan().LastIndexOf("PK\u0005\u0006"u8);
        if (end < 0 || tail.Length - end < EndLength)
        {
            throw new InvalidDataException("There is no end record.");
        }

        // A part of a ZIP file in several is none to us. It is also one of the three ways to have ZipArchive look for a ZIP64 directory, which
        // may be of any size, the others being the highest number of records and the highest offset.
        if (BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(end + 4)) != 0)
        {
            throw new InvalidDataException("It is a part of several.");
        }

        var (count, offset) = (BinaryPrimitives.ReadUInt16LittleEndian(tail.AsSpan(end + 10)), BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(end + 16)));
        var length = file.Length - tail.Length + end - offset;
        if (count > maxEntries || count == ushort.MaxValue || offset == uint.MaxValue || length > (long)maxEntries * MaxBytesOfRecord)
        {
            throw new ZipRefusedException($"The ZIP file holds more than {maxEntries} files.", "Send the photos in several ZIP files.", isTooLarge: true);
        }

        if (length < 0)
        {
            throw new InvalidDataException("The directory lies behind the end.");
        }

        var directory = new byte[length];
        file.Position = offset;
        file.ReadExactly(directory);
        file.Position = 0;
        var records = new List<ZipRecord>(count);
        for (var at = 0; records.Count < count;)
        {
            records.Add(ReadRecord(directory, ref at));
        }

        CheckOverlaps(records, offset);
        return records;
    }

    private static ZipRecord ReadRecord(ReadOnlySpan<byte> directory, ref int at)
    {
        var record = directory[at..];
        if (record.Length < RecordLength || !record.StartsWith("PK\u0001\u0002"u8))
        {
            throw new InvalidDataException("A record is cut off.");
        }

        var flags = BinaryPrimitives.ReadUInt16LittleEndian(record[8..]);
        long packed = BinaryPrimitives.ReadUInt32LittleEndian(record[20..]);
        long unpacked = BinaryPrimitives.ReadUInt32LittleEndian(record[24..]);
        int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(record[28..]);
        int extraLength = BinaryPrimitives.ReadUInt16LittleEndian(record[30..]);
        int commentLength = BinaryPrimitives.ReadUInt16LittleEndian(record[32..]);
        long offset = BinaryPrimitives.ReadUInt32LittleEndian(record[42..]);
        if (record.Length < RecordLength + nameLength + extraLength + commentLength)
        {
            throw new InvalidDataException("A record is cut off.");
        }

        // APPNOTE.TXT 4.5.3: what does not fit into its field stands there instead, in this order.
        var large = Zip64Of(record.Slice(RecordLength + nameLength, extraLength));
        unpacked = unpacked == uint.MaxValue ? Next(ref large) : unpacked;
        packed = packed == uint.MaxValue ? Next(ref large) : packed;
        offset = offset == uint.MaxValue ? Next(ref large) : offset;
        if (unpacked < 0 || packed < 0 || offset < 0)
        {
            throw new InvalidDataException("A size is beyond all bounds.");
        }

        at += RecordLength + nameLength + extraLength + commentLength;
        return new ZipRecord(NameOf(record.Slice(RecordLength, nameLength), (flags & Utf8Flag) != 0), packed, unpacked, offset, LocalHeaderLength + nameLength);
    }

    // Programs write UTF-8 with and without saying so; what is not valid as that was written by an old one.
    private static string NameOf(ReadOnlySpan<byte> name, bool isUtf8)
    {
        try
        {
            return StrictUtf8.GetString(name);
        }
        catch (ArgumentException)
        {
            return isUtf8 ? Encoding.UTF8.GetString(name) : Cp437.GetString(name);
        }
    }

    private static ReadOnlySpan<byte> Zip64Of(ReadOnlySpan<byte> extras)
    {
        while (extras.Length >= 4)
        {
            var length = Math.Min(BinaryPrimitives.ReadUInt16LittleEndian(extras[2..]), extras.Length - 4);
            if (BinaryPrimitives.ReadUInt16LittleEndian(extras) == Zip64Extra)
            {
                return extras.Slice(4, length);
            }

            extras = extras[(4 + length)..];
        }

        return [];
    }

    private static long Next(ref ReadOnlySpan<byte> large)
    {
        if (large.Length < 8)
        {
            throw new InvalidDataException("A size is missing.");
        }

        var value = BinaryPrimitives.ReadInt64LittleEndian(large);
        large = large[8..];
        return value;
    }

    // Each file has its own bytes before the directory. Local headers may have extras of their own, so that this asks for the least there can be.
    private static void CheckOverlaps(IEnumerable<ZipRecord> records, long directory)
    {
        var free = 0L;
        foreach (var record in records.OrderBy(record => record.Offset))
        {
            if (record.Offset < free)
            {
                throw new ZipRefusedException("Files in the ZIP file share the same bytes.", "Pack the photos again, each once.", isTooLarge: false, "overlapping-files");
            }

            if (record.Packed > directory - record.HeaderBytes - record.Offset)
            {
                throw new InvalidDataException("A file reaches into the directory.");
            }

            free = record.Offset + record.HeaderBytes + record.Packed;
        }
    }
}
