using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FindMe.Api;
using FindMe.Faces;
using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Apps.Tests.Api;

/// <summary>Photos of uploads that reports and links use; the hours until an upload is deleted pass by the clock of the one who sweeps.</summary>
public sealed class KeptPhotosTests(NetworkedFindMe findMe)
{
    private static readonly string[] First = ["0 one.jpg"];
    private static readonly string[] Second = ["1 two.jpg"];

    private static byte[] Photo { get; } = PhotoRendering.ToJpeg(File.ReadAllBytes(Checkouts.DemoPhotos[0]), 800);

    [Fact]
    public async Task What_a_report_or_a_link_uses_stays_as_long_as_it_and_the_rest_goes_with_the_upload()
    {
        using var ada = await findMe.NewVisitorAsync();
        var (upload, search) = await ada.SearchZipAsync(("one.jpg", Photo), ("two.jpg", Photo), ("three.jpg", Photo));
        await SaveReportAsync(ada, search, First);
        using var shared = await ada.Http.PostAsJsonAsync($"/api/searches/{search}/shares", new { photos = Second, days = 1 }, TestContext.Current.CancellationToken);
        var token = (await shared.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!["token"]!.GetValue<string>();

        Assert.Equal(["0", "1"], await LeftAsync(upload, TimeSpan.Zero));
        HttpStatusCode[] seen = [HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.Gone];
        Assert.Equal(seen, await SeenAsync(ada, search));
        Assert.Equal(HttpStatusCode.OK, await ada.StatusOfAsync(HttpMethod.Get, $"/s/{token}/1"));

        // The link ends a day later, or when it is revoked, and the report with its search.
        Assert.Equal(["0"], await LeftAsync(upload, TimeSpan.FromDays(2)));
        Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, $"/api/searches/{search}/shares/{token}"));
        Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, $"/api/searches/{search}"));
        Assert.Equal([], await LeftAsync(upload, TimeSpan.Zero));
        Assert.False(Directory.Exists(FolderOf(upload)));
    }

    [Fact]
    public async Task A_photo_that_leaves_the_report_goes_and_deleting_the_upload_deletes_also_what_is_kept()
    {
        using var ada = await findMe.NewVisitorAsync();
        var (upload, search) = await ada.SearchZipAsync(("one.jpg", Photo), ("two.jpg", Photo));
        await SaveReportAsync(ada, search, [.. First, .. Second]);
        await SaveReportAsync(ada, search, Second);

        Assert.Equal(["1"], await LeftAsync(upload, TimeSpan.Zero));
        Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, $"/api/uploads/{upload}"));
        Assert.False(Directory.Exists(FolderOf(upload)));
        Assert.Null(await findMe.Dapr.GetStateAsync<KeptPhotos>(StateKeys.Store, StateKeys.KeptPhotos(upload), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_is_kept_counts_in_the_quota_of_its_person_and_is_deleted_with_everything()
    {
        using var ada = await findMe.NewVisitorAsync();
        var large = Padded(NetworkedFindMe.UploadBytesPerPerson / 20 * 9);
        var (upload, search) = await ada.SearchZipAsync(("one.jpg", large));
        await SaveReportAsync(ada, search, First);

        // A day later: the store has forgotten the upload's document.
        await findMe.Dapr.DeleteStateAsync(StateKeys.Store, StateKeys.Upload(upload), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(["0"], await LeftAsync(upload, TimeSpan.Zero));
        await ada.SearchZipAsync(("one.jpg", large));
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => ada.SearchZipAsync(("one.jpg", large)));
        Assert.Contains("409 {\"type\":\"upload-quota\"", refused.Message, StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.OK, await ada.StatusOfAsync(HttpMethod.Delete, "/api/me"));
        Assert.False(Directory.Exists(FolderOf(upload)));
    }

    private string FolderOf(string upload) => Path.Combine(findMe.Data, "uploads", upload);

    // What is left of an upload whose time is over.
    private async Task<List<string>> LeftAsync(string upload, TimeSpan later)
    {
        var folders = new UploadFolders(Options.Create(new UploadOptions { Path = Path.Combine(findMe.Data, "uploads") }));
        await new PhotoKeeping(findMe.Dapr, folders, new LaterClock(later)).SweepAsync(new DirectoryInfo(FolderOf(upload)), TestContext.Current.CancellationToken);
        return Directory.Exists(FolderOf(upload)) ? [.. Directory.GetFiles(FolderOf(upload)).Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)] : [];
    }

    private static async Task<List<HttpStatusCode>> SeenAsync(Visitor visitor, string search)
    {
        var seen = new List<HttpStatusCode>();
        foreach (var match in (await visitor.GetAsync($"/api/searches/{search}"))["matches"]!.AsArray())
        {
            seen.Add(await visitor.StatusOfAsync(HttpMethod.Get, match!["photo"]!["url"]!.GetValue<string>()));
        }

        return seen;
    }

    private static async Task SaveReportAsync(Visitor visitor, string search, string[] photos)
    {
        using var saved = await visitor.Http.PutAsJsonAsync($"/api/searches/{search}/report", new { photos }, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, saved.StatusCode);
    }

    // Bytes after a JPEG's end are no part of the picture; noise here and there, so that it does not pack like a bomb.
    private static byte[] Padded(int length)
    {
        var padded = new byte[length];
        Photo.CopyTo(padded, 0);
        var random = new Random(1);
        for (var at = Photo.Length; at + 100 < length; at += 3_200)
        {
            random.NextBytes(padded.AsSpan(at, 100));
        }

        return padded;
    }

    private sealed class LaterClock(TimeSpan later) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + later;
    }
}
