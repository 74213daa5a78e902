using System.Text.Json.Nodes;
using FindMe.Faces;
using FindMe.DemoNetworks;
using FindMe.DemoNetworks.Media;

namespace FindMe.Apps.Tests.Collect;

/// <summary>Posts that carry videos: the person is looked for in all of them, not in the preview alone.</summary>
public sealed class PostVideoTests(NetworkedFindMe findMe)
{
    [Theory]
    [InlineData("mastodon")]
    [InlineData("bluesky")]
    [InlineData("x")]
    public async Task A_video_that_shows_the_person_in_its_middle_is_a_match_with_that_time_and_a_frame_of_it(string source)
    {
        using var ada = await findMe.NewVisitorAsync();

        // Made now: FindMe does not wait for long.
        Assert.NotNull(await Films.ReadAsync("film/0"));
        Assert.NotNull(await Films.ReadAsync("broken"));
        Assert.NotNull(await Films.ReadAsync("cut"));
        foreach (var (number, video) in new[] { "film/0", "broken", null, "card", "cut" }.Index())
        {
            findMe.NetworkOf(source).Publish(new ScenarioPost
            {
                Text = $"#film{source}",
                MinutesAgo = number + 1,
                Embed = BlueskyEmbed.Video,
                Media = [new() { Kind = MediaKind.Video, Picture = $"mosaic/{9500 + number}", Video = video }],
            });
        }

        var search = await ada.SearchAsync(NetworkedFindMe.Wish(source, $"#film{source}"));
        var view = await ada.UntilEndedAsync(search, seconds: 60);

        Assert.Equal("finished", Visitor.Status(view));
        Assert.Equal(5, Visitor.Count(view, "found"));
        var match = Assert.Single(view["matches"]!.AsArray())!;
        Assert.Equal("match", match["verdict"]!.GetValue<string>());
        var time = Assert.Single(match["times"]!.AsArray())!;
        Assert.Equal((3, 6), (time["from"]!.GetValue<float>(), time["to"]!.GetValue<float>()));
        Assert.Equal((960, 640), (match["photo"]!["width"]!.GetValue<int>(), match["photo"]!["height"]!.GetValue<int>()));
        var reasons = view["skipped"]!.AsArray().Select(skipped => skipped!["reason"]!.GetValue<string>()).Order().ToList();
        Assert.Equal(["Only the video's preview was compared. The video cannot be decoded.", "Only the video's preview was compared. The video file is truncated.", "Only the video's preview was compared. The video was deleted from where it was posted."], reasons);

        // The picture is the frame with the face in the box, not the preview.
        var picture = await ada.Http.GetByteArrayAsync(new Uri(match["photo"]!["url"]!.GetValue<string>(), UriKind.Relative), TestContext.Current.CancellationToken);
        var frame = PhotoPixels.Decode(picture);
        Assert.Equal((960, 640), (frame.Width, frame.Height));
        using var bob = new Visitor(findMe.System.Page);
        await bob.AgreeAsync();
        using var shown = await bob.TryShowAsync(Around(frame, match["box"]!));
        Assert.True(shown.IsSuccessStatusCode, await shown.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    // The face with as much again on each side.
    private static byte[] Around(PhotoPixels frame, JsonNode box)
    {
        int Number(string name) => (int)box[name]!.GetValue<float>();
        var (left, top) = (Math.Max(0, Number("x") - (Number("width") / 2)), Math.Max(0, Number("y") - (Number("height") / 2)));
        var (width, height) = (Math.Min(frame.Width - left, Number("width") * 2), Math.Min(frame.Height - top, Number("height") * 2));
        var cut = new PhotoPixels(width, height, new byte[width * height * 3]);
        for (var y = 0; y < height; y++)
        {
            frame.Rgb.AsSpan((((top + y) * frame.Width) + left) * 3, width * 3).CopyTo(cut.Rgb.AsSpan(y * width * 3));
        }

        return cut.ToJpeg();
    }
}
