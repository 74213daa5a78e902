using System.Buffers.Binary;

namespace FindMe.Faces;

/// <summary>The supported formats.</summary>
internal enum PhotoFormat
{
    Jpeg,
    Png,
    WebP,
    Gif,
    Avif,
    Tiff,
}

/// <summary>Detects the format of a photo by its magic bytes; file names and content types are ignored.</summary>
internal static class PhotoFormats
{
    private const string SendSupported = "send JPEG, PNG, WebP, GIF, AVIF or TIFF";

    /// <summary>Classes of the libvips loaders that are allowed to run.</summary>
    public static IReadOnlyList<string> Loaders { get; } =
    [
        "VipsForeignLoadJpeg",
        "VipsForeignLoadPng",
        "VipsForeignLoadWebp",
        "VipsForeignLoadNsgif",
        "VipsForeignLoadHeif",
        "VipsForeignLoadTiff",
    ];

    /// <summary>Returns the libvips operation that loads a format.</summary>
    public static string LoaderOf(PhotoFormat format) => format switch
    {
        PhotoFormat.Jpeg => "jpegload_source",
        PhotoFormat.Png => "pngload_source",
        PhotoFormat.WebP => "webpload_source",
        PhotoFormat.Gif => "gifload_source",
        PhotoFormat.Avif => "heifload_source",
        PhotoFormat.Tiff => "tiffload_source",
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    /// <exception cref="PhotoException">The format is not supported.</exception>
    public static PhotoFormat Recognize(ReadOnlySpan<byte> photo)
    {
        if (photo.StartsWith((ReadOnlySpan<byte>)[0xff, 0xd8, 0xff]))
        {
            return PhotoFormat.Jpeg;
        }

        if (photo.StartsWith((ReadOnlySpan<byte>)[0x89, .. "PNG\r\n\u001a\n"u8]))
        {
            return PhotoFormat.Png;
        }

        if (photo.StartsWith("RIFF"u8) && photo.Length >= 12 && photo[8..].StartsWith("WEBP"u8))
        {
            return PhotoFormat.WebP;
        }

        if (photo.StartsWith("GIF87a"u8) || photo.StartsWith("GIF89a"u8))
        {
            return PhotoFormat.Gif;
        }

        if (photo.StartsWith("II*\0"u8) || photo.StartsWith("MM\0*"u8) || photo.StartsWith("II+\0"u8) || photo.StartsWith("MM\0+"u8))
        {
            return PhotoFormat.Tiff;
        }

        if (photo.Length >= 12 && photo[4..].StartsWith("ftyp"u8))
        {
            return RecognizeBaseMedia(photo);
        }

        if (NameOther(photo) is { } name)
        {
            throw new PhotoException(PhotoProblem.UnsupportedFormat, $"{name} is not supported: {SendSupported}.");
        }

        throw new PhotoException(PhotoProblem.NotAnImage, $"This is not a picture: {SendSupported}.");
    }

    // ISO/IEC 14496-12, 4.3: size, "ftyp", major brand, minor version, compatible brands. Brands of HEIF: ISO/IEC 23008-12, annex B.
    private static PhotoFormat RecognizeBaseMedia(ReadOnlySpan<byte> photo)
    {
        var size = (int)Math.Min(Math.Max(BinaryPrimitives.ReadUInt32BigEndian(photo), 16), (uint)photo.Length);
        var brands = photo[8..size];
        if (HasBrand(brands, "avif"u8) || HasBrand(brands, "avis"u8))
        {
            return PhotoFormat.Avif;
        }

        foreach (var heic in (ReadOnlySpan<string>)["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1"])
        {
            if (HasBrand(brands, System.Text.Encoding.ASCII.GetBytes(heic)))
            {
                throw new PhotoException(
                    PhotoProblem.Heic,
                    "HEIC is not supported: send a JPEG. On an iPhone, choose Settings, Camera, Formats, Most Compatible, or share the photo as JPEG.");
            }
        }

        throw new PhotoException(PhotoProblem.UnsupportedFormat, $"Videos are not supported: {SendSupported}.");
    }

    private static bool HasBrand(ReadOnlySpan<byte> brands, ReadOnlySpan<byte> brand)
    {
        for (var i = 0; i + 4 <= brands.Length; i += 4)
        {
            // The second word is the minor version, not a brand.
            if (i != 4 && brands.Slice(i, 4).SequenceEqual(brand))
            {
                return true;
            }
        }

        return false;
    }

    private static string? NameOther(ReadOnlySpan<byte> photo)
    {
        if (photo.StartsWith("BM"u8))
        {
            return "BMP";
        }

        if (photo.StartsWith("%PDF"u8))
        {
            return "PDF";
        }

        if (photo.StartsWith("8BPS"u8))
        {
            return "Photoshop";
        }

        if (photo.StartsWith((ReadOnlySpan<byte>)[0, 0, 1, 0]))
        {
            return "ICO";
        }

        if (photo.StartsWith((ReadOnlySpan<byte>)[0xff, 0x0a]) || photo.StartsWith((ReadOnlySpan<byte>)[0, 0, 0, 0x0c, .. "JXL "u8]))
        {
            return "JPEG XL";
        }

        if (photo.StartsWith((ReadOnlySpan<byte>)[0, 0, 0, 0x0c, .. "jP  "u8]) || photo.StartsWith((ReadOnlySpan<byte>)[0xff, 0x4f, 0xff, 0x51]))
        {
            return "JPEG 2000";
        }

        var start = photo[..Math.Min(photo.Length, 1_000)];
        return start.IndexOf("<svg"u8) >= 0 ? "SVG" : null;
    }
}
