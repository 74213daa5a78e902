using System.IO.Compression;
using Microsoft.Playwright;

namespace FindMe.Page.Tests;

/// <summary>FindMe as README's first command starts it: with its own demo.</summary>
public sealed class RunningDemo : RunningFindMe
{
    private protected override IEnumerable<string> OfferedAlbums => [];
}

/// <summary>Somebody who is here for the first time, with a phone.</summary>
public sealed class NewcomerTests(RunningDemo findMe) : IClassFixture<RunningDemo>
{
    private readonly List<string> _taps = [];

    [Fact]
    public async Task A_newcomer_who_picks_a_demo_photo_as_their_selfie_has_a_ZIP_of_themselves_after_six_taps()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe, Appearance.Phone);
        var page = visitor.Page;

        await TapAsync("tick the consent", page.GetByRole(AriaRole.Checkbox));
        await TapAsync("agree", visitor.Button("I agree: find my face"));

        // The tap opens the phone's own picker.
        _taps.Add("choose a photo");
        await visitor.ChoosePhotoAsync(Albums.Sample(1));
        await TapAsync("which face", visitor.Button("Face 3 of 3, from the left"));
        await visitor.FaceWorksAsync();
        await TapAsync("search", visitor.Button("Find me in Demo photos"));
        await visitor.SearchEndsAsync("Done.");
        var download = await page.RunAndWaitForDownloadAsync(() => TapAsync("download", visitor.Button("Download all 2")));

        Assert.Equal(["tick the consent", "agree", "choose a photo", "which face", "search", "download"], _taps);
        await using var archive = await ZipFile.OpenReadAsync(await download.PathAsync(), TestContext.Current.CancellationToken);
        Assert.Equal(["credits.csv", "report.html", "sample1.jpg", "sample3.jpg"], archive.Entries.Select(entry => entry.Name).Order(StringComparer.Ordinal));
    }

    private async Task TapAsync(string what, ILocator target)
    {
        _taps.Add(what);
        await target.ClickAsync();
    }
}
