using System.Collections.Concurrent;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;

namespace FindMe.DemoNetworks.Media;

/// <summary>Creates the pictures of posts (cropped, scaled and encoded), and caches them.</summary>
internal sealed class Pictures(string? folder)
{
    private readonly ConcurrentDictionary<(string Picture, string Format, int MaxSide), Lazy<byte[]>> _encoded = [];
    private readonly ConcurrentDictionary<string, (int Width, int Height)> _sizes = [];

    /// <summary>Returns a picture in one format and size.</summary>
    /// <param name="picture">The value of <see cref="ScenarioMedia.Picture"/>.</param>
    /// <param name="format">The file's format.</param>
    /// <param name="maxSide">Maximum length of its longer side, in pixels.</param>
    public byte[] Encode(string picture, string format, int maxSide) =>
        _encoded.GetOrAdd((picture, format, maxSide), key => new Lazy<byte[]>(() => Make(key.Picture, key.Format, key.MaxSide))).Value;

    /// <summary>Returns the size that the network reports for a picture.</summary>
    public (int Width, int Height) SizeOf(string picture)
    {
        // Mosaics have a known size; decoding 1,000 pictures for their sizes would take a minute.
        if (picture.StartsWith("mosaic/", StringComparison.Ordinal) && !picture.Contains('?'))
        {
            return (Mosaic.Side, Mosaic.Side);
        }

        return _sizes.GetOrAdd(picture, key =>
        {
            using var image = Open(key);
            return (image.Width, image.Height);
        });
    }

    private byte[] Make(string picture, string format, int maxSide)
    {
        if (format == "heic")
        {
            return Heic;
        }

        using var image = Open(picture);
        Scale(image, Math.Min(1, (double)maxSide / Math.Max(image.Width, image.Height)));
        using var encoded = new MemoryStream();
        image.Save(encoded, EncoderOf(format));
        return encoded.ToArray();
    }

    private Image<Rgb24> Open(string picture)
    {
        var parts = picture.Split('?', 2);
        var image = Image.Load<Rgb24>(Read(parts[0]));
        foreach (var edit in parts.ElementAtOrDefault(1)?.Split('&') ?? [])
        {
            Edit(image, edit.Split('='));
        }

        return image;
    }

    private static IImageEncoder EncoderOf(string format) => format switch
    {
        "png" => new PngEncoder(),
        "webp" => new WebpEncoder { FileFormat = WebpFileFormatType.Lossy },
        "gif" => new GifEncoder(),
        _ => new JpegEncoder(),
    };

    private byte[] Read(string name)
    {
        var (kind, rest) = (name[..name.IndexOf('/')], name[(name.IndexOf('/') + 1)..]);
        return kind switch
        {
            "mosaic" => Mosaic.Png(int.Parse(rest)),
            "demo" => File.ReadAllBytes(DemoPhoto(int.Parse(rest))),
            "folder" => File.ReadAllBytes(Path.Combine(folder ?? throw new InvalidOperationException("The scenario has no picture folder."), Path.GetFileName(rest))),
            _ => throw new InvalidOperationException($"'{name}' is not a picture: give demo/N, mosaic/N or folder/NAME."),
        };
    }

    /// <summary>Returns the file of a demo photo, by its index from 0.</summary>
    public static string DemoPhoto(int number) => Path.Combine(DemoPhotos, $"sample{number + 1}.jpg");

    // The folder into which the model builder unpacks them.
    private static string DemoPhotos
    {
        get
        {
            var root = new DirectoryInfo(AppContext.BaseDirectory);
            while (root is not null && !File.Exists(Path.Combine(root.FullName, "FindMe.sln")))
            {
                root = root.Parent;
            }

            return Path.Combine(root?.FullName ?? throw new InvalidOperationException("The demo networks must run from a checkout of FindMe."), "artifacts", "models", "demo");
        }
    }

    private static void Edit(Image image, string[] edit)
    {
        switch (edit[0])
        {
            case "area":
                var area = edit[1].Split(',').Select(int.Parse).ToArray();
                image.Mutate(picture => picture.Crop(new Rectangle(area[0], area[1], area[2], area[3])));
                break;
            case "cut":
                var left = 1 - (double.Parse(edit[1]) / 100);
                image.Mutate(picture => picture.Crop((int)(image.Width * left), (int)(image.Height * left)));
                break;
            case "scale":
                Scale(image, double.Parse(edit[1]) / 100);
                break;
            default:
                throw new InvalidOperationException($"'{edit[0]}' is not an edit: give area, cut or scale.");
        }
    }

    private static void Scale(Image image, double by)
    {
        if (by != 1)
        {
            image.Mutate(picture => picture.Resize((int)Math.Round(image.Width * by), (int)Math.Round(image.Height * by)));
        }
    }

    // The first box of an iPhone photo: enough for decoders without HEVC to recognize and reject it.
    private static byte[] Heic { get; } = [0, 0, 0, 24, .. "ftypheic"u8, 0, 0, 0, 0, .. "mif1heic"u8, 0, 0, 0, 8, .. "mdat"u8];
}
