using FindMe.Faces;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

namespace FindMe.Testing;

/// <summary>A folder that is deleted after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("findme-test-").FullName;

    /// <summary>Returns the path of a file or folder in it.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Creates a folder that is deleted after all tests.</summary>
    public static TemporaryFolder UntilTheEnd()
    {
        var folder = new TemporaryFolder();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Dispose();
        return folder;
    }

    public string Folder(string name) => Directory.CreateDirectory(System.IO.Path.Combine(Path, name)).FullName;

    /// <summary>Creates an album with copies of the demo photos.</summary>
    /// <param name="name">The album's name.</param>
    /// <param name="photos">Number of photos; the six demo photos repeat.</param>
    /// <param name="maxSide">Their longer side in pixels; smaller photos are compared faster.</param>
    public string AlbumOfDemoPhotos(string name, int photos, int maxSide = 1920)
    {
        var album = Folder(name);
        var originals = Checkouts.DemoPhotos.Select(photo => PhotoRendering.ToJpeg(File.ReadAllBytes(photo), maxSide)).ToList();
        for (var i = 0; i < photos; i++)
        {
            File.WriteAllBytes(System.IO.Path.Combine(album, $"photo{i:000}.jpg"), originals[i % originals.Count]);
        }

        return album;
    }

    /// <summary>Creates an album of small pictures without faces.</summary>
    public string AlbumOfBlankPictures(string name, int photos)
    {
        var album = Folder(name);
        for (var i = 0; i < photos; i++)
        {
            File.WriteAllBytes(System.IO.Path.Combine(album, $"blank{i:0000}.png"), BlankPng(8, 8));
        }

        return album;
    }

    /// <summary>Creates a grey PNG.</summary>
    public static byte[] BlankPng(int width, int height)
    {
        using var picture = new Image<L8>(width, height, new L8(128));
        using var png = new MemoryStream();
        picture.SaveAsPng(png);
        return png.ToArray();
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A killed process may still have a file open; the system cleans its temporary folder later.
        }
    }
}
