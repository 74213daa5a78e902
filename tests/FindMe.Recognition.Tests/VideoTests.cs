using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Recognition.Tests;

public sealed class VideoTests(TestPeople people)
{
    private const double Every = 0.5;

    [Fact]
    public async Task A_person_is_found_in_a_video_exactly_when_they_appear()
    {
        using var folder = new TemporaryFolder();
        // 30 s: others, the person's group, others, the group, others. Some cuts are between two samples.
        (int Photo, double Seconds)[] scenes = [(2, 4), (1, 6.25), (3, 5), (1, 2.75), (4, 12)];
        var video = await CreateVideoAsync(folder, scenes);

        var result = await Shell.FindMeAsync("video", video, "--me", people.Ada, "--json", "--sheet", folder["sheet.jpg"]);

        Assert.Equal((0, ""), (result.Code, result.Errors));
        var found = JsonNode.Parse(Assert.Single(result.Lines))!;
        Assert.Equal(30, found["duration"]!.GetValue<double>(), 0.1);
        Assert.Equal(60, found["frames"]!.GetValue<int>());

        // The scenes are stills, so about one frame per scene is analysed.
        Assert.InRange(found["analyzed"]!.GetValue<int>(), scenes.Length, 3 * scenes.Length);
        var ranges = found["ranges"]!.AsArray().Select(range => (From: range!["from"]!.GetValue<double>(), To: range["to"]!.GetValue<double>())).ToList();
        Assert.Equal(2, ranges.Count);
        Assert.InRange(ranges[0].From, 4, 4 + Every);
        Assert.InRange(ranges[0].To, 10.25, 10.25 + Every);
        Assert.InRange(ranges[1].From, 15.25, 15.25 + Every);
        Assert.InRange(ranges[1].To, 18, 18 + Every);
        Assert.InRange(PhotoPixels.Decode(await File.ReadAllBytesAsync(folder["sheet.jpg"], TestContext.Current.CancellationToken)).Width, 600, 700);
    }

    [Fact]
    public async Task A_playlist_is_rejected_even_if_it_points_to_a_video()
    {
        using var folder = new TemporaryFolder();
        await CreateVideoAsync(folder, [(1, 1)]);
        await File.WriteAllTextAsync(folder["list.mp4"], "ffconcat version 1.0\nfile video.mp4\n", TestContext.Current.CancellationToken);

        var notVideo = await Shell.FindMeAsync("video", folder["list.mp4"], "--me", people.Ada);

        Assert.Equal((2, ""), (notVideo.Code, notVideo.Output));
        Assert.StartsWith($"findme: {folder["list.mp4"]} cannot be read as a video", notVideo.Errors, StringComparison.Ordinal);
        Assert.Single(notVideo.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task A_video_of_more_than_8_bits_per_channel_is_searched()
    {
        using var folder = new TemporaryFolder();
        var video = folder["video.mkv"];
        await FfmpegAsync("-loop", "1", "-t", "2", "-i", TestPeople.PhotoPath(1), "-vf", "scale=960:640,fps=10,format=yuv420p10le", "-c:v", "ffv1", video);

        var result = await Shell.FindMeAsync("video", video, "--me", people.Ada);

        Assert.Equal(0, result.Code);
        Assert.StartsWith("00:00:00.000\t00:00:02.0", Assert.Single(result.Lines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("longer sound", "-f", "lavfi", "-i", "sine=d=12", "-c:v", "copy", "-c:a", "aac", "la.mp4")]
    [InlineData("longer sound in Matroska", "-f", "lavfi", "-i", "sine=d=12", "-c:v", "copy", "-c:a", "aac", "la.mkv")]
    public async Task Sound_longer_than_the_pictures_does_not_make_a_video_truncated(string what, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        var video = await CreateVideoAsync(folder, [(2, 2), (1, 2)]);
        await FfmpegAsync(["-i", video, .. arguments[..^1], folder[arguments[^1]]]);

        var result = await Shell.FindMeAsync("video", folder[arguments[^1]], "--me", people.Ada, "--json");

        Assert.Equal((what, 0, ""), (what, result.Code, result.Errors));
        Assert.InRange(JsonNode.Parse(result.Lines[0])!["ranges"]![0]!["to"]!.GetValue<double>(), 3.9, 4.1);
    }

    [Fact]
    public async Task A_video_that_starts_late_is_not_truncated_and_a_song_with_a_cover_is_not_a_video()
    {
        using var folder = new TemporaryFolder();
        var video = await CreateVideoAsync(folder, [(2, 2)]);
        await FfmpegAsync("-itsoffset", "10", "-i", video, "-c", "copy", folder["late.mkv"]);
        await FfmpegAsync("-f", "lavfi", "-i", "sine=d=2", "-i", TestPeople.PhotoPath(1), "-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v:0", "attached_pic", folder["song.m4a"]);

        var late = await Shell.FindMeAsync("video", folder["late.mkv"], "--me", people.Ada, "--json");
        var song = await Shell.FindMeAsync("video", folder["song.m4a"], "--me", people.Ada);

        Assert.Equal((1, ""), (late.Code, late.Errors));
        Assert.Equal((2, $"findme: {folder["song.m4a"]} cannot be read as a video.\n"), (song.Code, song.Errors));
    }

    [Fact]
    public async Task A_truncated_video_is_searched_to_its_end_and_reported()
    {
        using var folder = new TemporaryFolder();
        var video = folder["video.mkv"];
        await FfmpegAsync("-loop", "1", "-t", "12", "-i", TestPeople.PhotoPath(1), "-vf", "scale=960:640,fps=10", "-c:v", "mjpeg", video);
        await using (var file = new FileStream(video, FileMode.Open))
        {
            file.SetLength(file.Length / 2);
        }

        await File.WriteAllBytesAsync(folder["nobody.jpg"], people.CutFrom(2), TestContext.Current.CancellationToken);

        var result = await Shell.FindMeAsync("video", video, "--me", people.Ada);

        // Not found is an error here: the person could appear in the missing part.
        var other = await Shell.FindMeAsync("video", video, "--me", folder["nobody.jpg"]);

        Assert.Equal(0, result.Code);
        Assert.Single(result.Lines);
        Assert.Contains($"findme: {video} ends after 00:00:0", result.Errors, StringComparison.Ordinal);
        Assert.Equal((2, ""), (other.Code, other.Output));
    }

    [Fact]
    public async Task Without_ffmpeg_the_error_says_how_to_install_it()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["video.mp4"], "", TestContext.Current.CancellationToken);

        var result = await Shell.WithoutPathAsync("video", folder["video.mp4"], "--me", people.Ada);

        Assert.Equal(2, result.Code);
        Assert.StartsWith("findme: Videos need ffmpeg, which is not installed: apt install ffmpeg", result.Errors, StringComparison.Ordinal);
    }

    private static async Task<string> CreateVideoAsync(TemporaryFolder folder, IEnumerable<(int Photo, double Seconds)> scenes)
    {
        var parts = new List<string>();
        foreach (var (photo, seconds) in scenes)
        {
            var part = folder[$"part{parts.Count}.mp4"];
            parts.Add(part);
            await FfmpegAsync("-loop", "1", "-t", $"{seconds}", "-i", TestPeople.PhotoPath(photo), "-vf", "scale=960:640,fps=20", "-c:v", "mpeg4", "-q:v", "3", part);
        }

        await File.WriteAllLinesAsync(folder["parts.txt"], parts.Select(part => $"file '{part}'"), TestContext.Current.CancellationToken);
        await FfmpegAsync("-f", "concat", "-safe", "0", "-i", folder["parts.txt"], "-c", "copy", folder["video.mp4"]);
        return folder["video.mp4"];
    }

    private static async Task FfmpegAsync(params string[] arguments)
    {
        var result = await Shell.RunAsync("ffmpeg", ["-loglevel", "error", .. arguments]);
        Assert.True(result.Code == 0, result.Errors);
    }
}
