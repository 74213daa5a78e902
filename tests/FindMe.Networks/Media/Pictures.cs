using System.Collections.Concurrent;
using System.Globalization;
using FindMe.Faces;

namespace FindMe.Networks.Media;

/// <summary>Makes the pictures that posts show: cut, scaled and encoded once, then remembered.</summary>
internal sealed class Pictures(string? folder)
{
    private readonly ConcurrentDictionary<(string Picture, string Format, int MaxSide), Lazy<byte[]>> _encoded = [];

    /// <summary>A picture in one format and size.</summary>
    /// <param name="picture">What <see cref="ScenarioMedia.Picture"/> says.</param>
    /// <param name="format">The file's format.</param>
    /// <param name="maxSide">Its longest side at most, in pixels.</param>
    public byte[] Encode(string picture, string format, int maxSide) =>
        _encoded.GetOrAdd((picture, format, maxSide), key => new Lazy<byte[]>(() => Make(key.Picture, key.Format, key.MaxSide))).Value;

    /// <summary>The size of a picture, as the network tells it.</summary>
    public (int Width, int Height) SizeOf(string picture)
    {
        // Decoding 1,000 pictures to tell their sizes would take a minute: the mosaics' is known.
        if (picture.StartsWith("mosaic/", StringComparison.Ordinal) && !picture.Contains('?'))
        {
            return (Mosaic.Side, Mosaic.Side);
        }

        var bytes = Encode(picture, "png", int.MaxValue);
        // A PNG's header has its width and height at byte 16, most significant byte first.
        return (int.Parse(Convert.ToHexString(bytes, 16, 4), NumberStyles.HexNumber), int.Parse(Convert.ToHexString(bytes, 20, 4), NumberStyles.HexNumber));
    }

    private byte[] Make(string picture, string format, int maxSide)
    {
        if (format == "heic")
        {
            return Heic;
        }

        var parts = picture.Split('?', 2);
        var original = Read(parts[0]);
        if (format == "png" && parts.Length == 1 && parts[0].StartsWith("mosaic/", StringComparison.Ordinal) && maxSide >= Mosaic.Side)
        {
            return original;
        }

        using var pinned = original.AsMemory().Pin();
        using var load = new VipsOperation(original[0] == 0x89 ? "pngload_buffer" : "jpegload_buffer").Set("buffer", original);
        var image = Run(load);
        foreach (var edit in parts.ElementAtOrDefault(1)?.Split('&') ?? [])
        {
            image = Edit(image, edit.Split('='));
        }

        image = Scale(image, Math.Min(1, (double)maxSide / Math.Max(image.Width, image.Height)));
        using var last = image;
        using var save = new VipsOperation(format switch
        {
            "png" => "pngsave_buffer",
            "webp" => "webpsave_buffer",
            "gif" => "gifsave_buffer",
            _ => "jpegsave_buffer",
        }).Set("in", image);
        return save.TrySave(out var saved) ? saved : throw new InvalidOperationException($"libvips does not make {picture} a {format}.");
    }

    private byte[] Read(string name)
    {
        var (kind, rest) = (name[..name.IndexOf('/')], name[(name.IndexOf('/') + 1)..]);
        return kind switch
        {
            "mosaic" => Mosaic.Png(int.Parse(rest)),
            "demo" => File.ReadAllBytes(DemoPhoto(int.Parse(rest))),
            "folder" => File.ReadAllBytes(Path.Combine(folder ?? throw new InvalidOperationException("The scenario names no folder of pictures."), Path.GetFileName(rest))),
            _ => throw new InvalidOperationException($"{name} is no picture: demo/N, mosaic/N or folder/NAME."),
        };
    }

    /// <summary>The file of a demo photo, counted from 0.</summary>
    public static string DemoPhoto(int number) => Path.Combine(DemoPhotos, $"sample{number + 1}.jpg");

    // The models' npm package brings them.
    private static string DemoPhotos
    {
        get
        {
            var root = new DirectoryInfo(AppContext.BaseDirectory);
            while (root is not null && !File.Exists(Path.Combine(root.FullName, "FindMe.sln")))
            {
                root = root.Parent;
            }

            return Path.Combine(root?.FullName ?? throw new InvalidOperationException("The bench runs from a checkout of FindMe."), "node_modules", "@vladmandic", "face-api", "demo");
        }
    }

    private static VipsImage Edit(VipsImage image, string[] edit)
    {
        switch (edit[0])
        {
            case "area":
                var area = edit[1].Split(',').Select(int.Parse).ToArray();
                return Area(image, area[0], area[1], area[2], area[3]);
            case "cut":
                var left = 1 - (double.Parse(edit[1]) / 100);
                return Area(image, 0, 0, (int)(image.Width * left), (int)(image.Height * left));
            case "scale":
                return Scale(image, double.Parse(edit[1]) / 100);
            default:
                throw new InvalidOperationException($"{edit[0]} is no edit: area, cut or scale.");
        }
    }

    private static VipsImage Area(VipsImage image, int x, int y, int width, int height)
    {
        using var taken = image;
        using var area = new VipsOperation("extract_area").Set("input", image).Set("left", x).Set("top", y).Set("width", width).Set("height", height);
        return Run(area);
    }

    private static VipsImage Scale(VipsImage image, double by)
    {
        if (by == 1)
        {
            return image;
        }

        using var taken = image;
        using var resize = new VipsOperation("resize").Set("in", image).Set("scale", by.ToString(CultureInfo.InvariantCulture));
        return Run(resize);
    }

    private static VipsImage Run(VipsOperation operation) =>
        operation.TryRun(out var image) ? image : throw new InvalidOperationException("libvips cannot make this picture.");

    // The first box of an iPhone's photo: enough to be known as what it is, and to be refused by decoders without HEVC.
    private static byte[] Heic { get; } = [0, 0, 0, 24, .. "ftypheic"u8, 0, 0, 0, 0, .. "mif1heic"u8, 0, 0, 0, 8, .. "mdat"u8];
}
