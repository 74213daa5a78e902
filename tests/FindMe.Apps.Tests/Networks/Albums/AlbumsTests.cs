using System.Diagnostics;
using FindMe.Networks;
using Microsoft.Extensions.Options;

namespace FindMe.Apps.Tests.Networks;

public sealed class AlbumsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Every_file_counts_in_the_order_of_its_path_and_links_are_not_followed()
    {
        var album = _folder.Folder("talk");
        Directory.CreateDirectory(Path.Combine(album, "day 1"));
        foreach (var file in new[] { "b.jpg", "a.txt", Path.Combine("day 1", "c.jpg"), ".hidden" })
        {
            await File.WriteAllTextAsync(Path.Combine(album, file), file, Cancelled);
        }

        File.CreateSymbolicLink(Path.Combine(album, "link.jpg"), "/etc/passwd");
        Directory.CreateSymbolicLink(Path.Combine(album, "everything"), "/");

        Assert.Equal([".hidden", "a.txt", "b.jpg", "day 1/c.jpg"], Albums(album).Paths("talk"));
        Assert.Equal("b.jpg"u8.ToArray(), await Albums(album).ReadAsync("talk", "b.jpg", Cancelled));
    }

    [Theory]
    [InlineData("../secret.jpg")]
    [InlineData("day/../../secret.jpg")]
    [InlineData("/etc/passwd")]
    [InlineData("link.jpg")]
    [InlineData("outside/secret.jpg")]
    [InlineData("..")]
    [InlineData("")]
    public async Task No_path_leads_out_of_the_album(string path)
    {
        var album = _folder.Folder("talk");
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "secret.jpg"), "secret", Cancelled);
        File.CreateSymbolicLink(Path.Combine(album, "link.jpg"), Path.Combine(_folder.Path, "secret.jpg"));
        Directory.CreateSymbolicLink(Path.Combine(album, "outside"), _folder.Path);

        await Assert.ThrowsAsync<PhotoUnavailableException>(() => Albums(album).ReadAsync("talk", path, Cancelled));
    }

    [Fact]
    public async Task A_photo_that_cannot_be_had_is_told_by_its_reason()
    {
        var album = _folder.Folder("talk");
        await File.WriteAllBytesAsync(Path.Combine(album, "empty.jpg"), [], Cancelled);
        using (var large = File.Create(Path.Combine(album, "large.jpg")))
        {
            large.SetLength(100 << 20);
        }

        using (var pipe = Process.Start("mkfifo", Path.Combine(album, "pipe.jpg")))
        {
            await pipe.WaitForExitAsync(Cancelled);
        }

        Assert.Equal("The file is empty.", await ReasonAsync(album, "empty.jpg"));
        Assert.Equal("The file is empty.", await ReasonAsync(album, "pipe.jpg"));
        Assert.Equal("The photo has 100 MB; FindMe reads photos of at most 50 MB.", await ReasonAsync(album, "large.jpg"));
        Assert.Equal("The photo is gone.", await ReasonAsync(album, "gone.jpg"));
    }

    // The kernel's files say that they have 4,096 bytes and have fewer: reading breaks off, as on a disk or a share in trouble.
    [Fact]
    public async Task A_photo_whose_reading_breaks_off_may_be_had_later()
    {
        const string Kernel = "/sys/kernel";
        Assert.SkipUnless(File.Exists(Path.Combine(Kernel, "uevent_seqnum")), "needs a file of Linux's /sys");

        await Assert.ThrowsAsync<PhotoUnreachableException>(() => Albums(Kernel).ReadAsync("kernel", "uevent_seqnum", Cancelled));
    }

    [Fact]
    public void An_album_that_is_gone_or_was_never_there_is_refused_with_the_way_out()
    {
        var album = _folder.Folder("talk");
        var albums = Albums(album);
        Directory.Delete(album);

        Assert.Contains("is gone", Assert.Throws<AlbumException>(() => albums.Paths("talk")).Message, StringComparison.Ordinal);
        Assert.NotEmpty(Assert.Throws<AlbumException>(() => albums.Paths("nowhere")).WayOut);
    }

    [Fact]
    public void Two_folders_of_one_name_can_both_be_chosen()
    {
        var albums = Albums(_folder.Folder("monday/photos"), _folder.Folder("tuesday/photos"));

        Assert.Equal(["photos", "photos (2)"], albums.Names);
    }

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private static Albums Albums(params string[] folders) => new(Options.Create(new AlbumOptions { Folders = folders }));

    private static async Task<string> ReasonAsync(string album, string path) =>
        (await Assert.ThrowsAsync<PhotoUnavailableException>(() => Albums(album).ReadAsync("talk", path, Cancelled))).Message;
}
