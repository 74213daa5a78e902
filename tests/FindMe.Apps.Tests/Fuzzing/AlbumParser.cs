using FindMe.Networks;
using Microsoft.Extensions.Options;

namespace FindMe.Apps.Tests.Fuzzing;

/// <summary>Reads paths in messages: whatever they say, nothing outside the album is read.</summary>
internal static class AlbumParser
{
    private static readonly Albums Albums = Make(TemporaryFolder.UntilTheEnd());

    public static void Read(string path) => Assert.Equal("photo"u8, Albums.ReadAsync("album", path, CancellationToken.None).GetAwaiter().GetResult());

    private static Albums Make(TemporaryFolder folder)
    {
        var album = folder.Folder("album");
        File.WriteAllText(Path.Combine(album, "photo.jpg"), "photo");
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(album, "day")).FullName, "photo.jpg"), "photo");
        File.WriteAllText(Path.Combine(folder.Path, "secret.jpg"), "secret");
        File.CreateSymbolicLink(Path.Combine(album, "link.jpg"), Path.Combine(folder.Path, "secret.jpg"));
        Directory.CreateSymbolicLink(Path.Combine(album, "up"), folder.Path);
        return new Albums(Options.Create(new AlbumOptions { Folders = [album] }));
    }
}
