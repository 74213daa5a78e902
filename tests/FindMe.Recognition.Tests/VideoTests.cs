using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Recognition.Tests;

public sealed class VideoTests(TestPeople people)
{
    private const double Every = 0.5;

    [Fact]
    public async Task A_person_is_found_in_a_film_when_they_are_shown_and_at_no_other_time()
    {
        using var folder = new TemporaryFolder();
        // 30 s: others, the person's group, others, the group, others; cuts between two samples too.
        (int Photo, double Seconds)[] scenes = [(2, 4), (1, 6.25), (3, 5), (1, 2.75), (4, 12)];
        var film = await FilmAsync(folder, scenes);

        var said = await Shell.FindMeAsync("video", film, "--me", people.Ada, "--json", "--sheet", folder["sheet.jpg"]);

        Assert.Equal((0, ""), (said.Code, said.Errors));
        var found = JsonNode.Parse(Assert.Single(said.Lines))!;
        Assert.Equal(30, found["duration"]!.GetValue<double>(), 0.1);
        Assert.Equal(60, found["frames"]!.GetValue<int>());

        // Stills change at cuts only: a scene costs about one frame.
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
    public async Task A_playlist_is_no_film_even_if_what_it_leads_to_is_one()
    {
        using var folder = new TemporaryFolder();
        await FilmAsync(folder, [(1, 1)]);
        await File.WriteAllTextAsync(folder["list.mp4"], "ffconcat version 1.0\nfile film.mp4\n", TestContext.Current.CancellationToken);

        var noFilm = await Shell.FindMeAsync("video", folder["list.mp4"], "--me", people.Ada);

        Assert.Equal((2, ""), (noFilm.Code, noFilm.Output));
        Assert.StartsWith($"findme: {folder["list.mp4"]} cannot be read as a video", noFilm.Errors, StringComparison.Ordinal);
        Assert.Single(noFilm.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task A_film_of_more_than_8_bits_is_searched_as_others_are()
    {
        using var folder = new TemporaryFolder();
        var film = folder["film.mkv"];
        await FfmpegAsync("-loop", "1", "-t", "2", "-i", TestPeople.PhotoPath(1), "-vf", "scale=960:640,fps=10,format=yuv420p10le", "-c:v", "ffv1", film);

        var said = await Shell.FindMeAsync("video", film, "--me", people.Ada);

        Assert.Equal(0, said.Code);
        Assert.StartsWith("00:00:00.000\t00:00:02.0", Assert.Single(said.Lines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sound that goes on", "-f", "lavfi", "-i", "sine=d=12", "-c:v", "copy", "-c:a", "aac", "la.mp4")]
    [InlineData("sound that goes on, in Matroska", "-f", "lavfi", "-i", "sine=d=12", "-c:v", "copy", "-c:a", "aac", "la.mkv")]
    public async Task A_whole_film_does_not_break_off_and_ends_with_its_pictures(string what, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        var film = await FilmAsync(folder, [(2, 2), (1, 2)]);
        await FfmpegAsync(["-i", film, .. arguments[..^1], folder[arguments[^1]]]);

        var said = await Shell.FindMeAsync("video", folder[arguments[^1]], "--me", people.Ada, "--json");

        Assert.Equal((what, 0, ""), (what, said.Code, said.Errors));
        Assert.InRange(JsonNode.Parse(said.Lines[0])!["ranges"]![0]!["to"]!.GetValue<double>(), 3.9, 4.1);
    }

    [Fact]
    public async Task A_film_that_begins_late_is_whole_and_a_song_with_a_cover_is_none()
    {
        using var folder = new TemporaryFolder();
        var film = await FilmAsync(folder, [(2, 2)]);
        await FfmpegAsync("-itsoffset", "10", "-i", film, "-c", "copy", folder["late.mkv"]);
        await FfmpegAsync("-f", "lavfi", "-i", "sine=d=2", "-i", TestPeople.PhotoPath(1), "-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v:0", "attached_pic", folder["song.m4a"]);

        var late = await Shell.FindMeAsync("video", folder["late.mkv"], "--me", people.Ada, "--json");
        var song = await Shell.FindMeAsync("video", folder["song.m4a"], "--me", people.Ada);

        Assert.Equal((1, ""), (late.Code, late.Errors));
        Assert.Equal((2, $"findme: {folder["song.m4a"]} cannot be read as a video.\n"), (song.Code, song.Errors));
    }

    [Fact]
    public async Task A_film_that_breaks_off_is_searched_as_far_as_it_goes_and_says_so()
    {
        using var folder = new TemporaryFolder();
        var film = folder["film.mkv"];
        await FfmpegAsync("-loop", "1", "-t", "12", "-i", TestPeople.PhotoPath(1), "-vf", "scale=960:640,fps=10", "-c:v", "mjpeg", film);
        await using (var file = new FileStream(film, FileMode.Open))
        {
            file.SetLength(file.Length / 2);
        }

        await File.WriteAllBytesAsync(folder["nobody.jpg"], people.CutFrom(2), TestContext.Current.CancellationToken);

        var said = await Shell.FindMeAsync("video", film, "--me", people.Ada);

        // Who was not seen until then may have come later.
        var other = await Shell.FindMeAsync("video", film, "--me", folder["nobody.jpg"]);

        Assert.Equal(0, said.Code);
        Assert.Single(said.Lines);
        Assert.Contains($"findme: {film} ends after 00:00:0", said.Errors, StringComparison.Ordinal);
        Assert.Equal((2, ""), (other.Code, other.Output));
    }

    [Fact]
    public async Task Without_ffmpeg_a_line_says_where_to_get_it()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["film.mp4"], "", TestContext.Current.CancellationToken);

        var said = await Shell.WithoutPathAsync("video", folder["film.mp4"], "--me", people.Ada);

        Assert.Equal(2, said.Code);
        Assert.StartsWith("findme: Videos need ffmpeg, which is not on this machine: apt install ffmpeg", said.Errors, StringComparison.Ordinal);
    }

    private static async Task<string> FilmAsync(TemporaryFolder folder, IEnumerable<(int Photo, double Seconds)> scenes)
    {
        var parts = new List<string>();
        foreach (var (photo, seconds) in scenes)
        {
            var part = folder[$"part{parts.Count}.mp4"];
            parts.Add(part);
            await FfmpegAsync("-loop", "1", "-t", $"{seconds}", "-i", TestPeople.PhotoPath(photo), "-vf", "scale=960:640,fps=20", "-c:v", "mpeg4", "-q:v", "3", part);
        }

        await File.WriteAllLinesAsync(folder["parts.txt"], parts.Select(part => $"file '{part}'"), TestContext.Current.CancellationToken);
        await FfmpegAsync("-f", "concat", "-safe", "0", "-i", folder["parts.txt"], "-c", "copy", folder["film.mp4"]);
        return folder["film.mp4"];
    }

    private static async Task FfmpegAsync(params string[] arguments)
    {
        var said = await Shell.RunAsync("ffmpeg", ["-loglevel", "error", .. arguments]);
        Assert.True(said.Code == 0, said.Errors);
    }
}
