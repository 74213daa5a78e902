using System.IO.Compression;
using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Recognition.Tests;

public sealed class ShellTests(TestPeople people, VisionProcess vision)
{
    [Fact]
    public async Task The_album_command_lists_the_persons_photos_and_reports_unreadable_ones()
    {
        using var folder = new TemporaryFolder();
        var (album, copies) = (Directory.CreateDirectory(folder["album"]).FullName, Directory.CreateDirectory(folder["copies"]).FullName);
        Directory.CreateDirectory(Path.Combine(album, "day 2"));
        File.Copy(TestPeople.PhotoPath(1), Path.Combine(album, "day 2", "a\n\u001b[31m,\"b\".jpg"));
        File.Copy(TestPeople.PhotoPath(2), Path.Combine(album, "others.jpg"));
        await File.WriteAllTextAsync(Path.Combine(album, "broken.jpg"), "no picture", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(album, "notes.txt"), "no picture either", TestContext.Current.CancellationToken);
        File.CreateSymbolicLink(Path.Combine(album, "link.jpg"), TestPeople.PhotoPath(1));
        File.CreateSymbolicLink(Path.Combine(album, "loop"), album);
        await File.WriteAllTextAsync(Path.Combine(copies, "a\n\u001b[31m,\"b\".jpg"), "somebody's own", TestContext.Current.CancellationToken);

        var plain = await Shell.FindMeAsync("album", album, "--me", people.Ada, "--copy-to", copies);
        var json = await Shell.FindMeAsync("album", album, "--me", people.Ada, "--json", "--copy-to", copies);

        Assert.Equal((0, $"{album}/day 2/a\\n\\u001b[31m,\"b\".jpg"), (plain.Code, Assert.Single(plain.Lines)));
        Assert.Contains("broken.jpg: This is not a picture", plain.Errors, StringComparison.Ordinal);
        Assert.Contains("1 of 2 photos match, 0 maybe, 1 could not be read, 1 other file", plain.Errors, StringComparison.Ordinal);
        Assert.Equal($"{album}/day 2/a\n\u001b[31m,\"b\".jpg", JsonNode.Parse(json.Lines[0])!["file"]!.GetValue<string>());
        Assert.Equal(1, JsonNode.Parse(json.Lines[^1])!["summary"]!["matches"]!.GetValue<int>());

        // Existing files are unchanged, and two runs leave only one copy.
        Assert.Equal(2, Directory.GetFiles(copies).Length);
        Assert.Equal("somebody's own", await File.ReadAllTextAsync(Path.Combine(copies, "a\n\u001b[31m,\"b\".jpg"), TestContext.Current.CancellationToken));
        Assert.Equal(
            await File.ReadAllBytesAsync(TestPeople.PhotoPath(1), TestContext.Current.CancellationToken),
            await File.ReadAllBytesAsync(Path.Combine(copies, "a\n\u001b[31m,\"b\" (2).jpg"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_an_album_gives_is_written_as_a_page_and_a_ZIP_file_or_not_at_all()
    {
        using var folder = new TemporaryFolder();
        var album = Directory.CreateDirectory(folder["Bern <2026>"]).FullName;
        File.Copy(TestPeople.PhotoPath(1), Path.Combine(album, "a, con.jpg"));
        File.Copy(TestPeople.PhotoPath(2), Path.Combine(album, "others.jpg"));
        var (page, zip) = (folder["report.html"], folder["me.zip"]);

        var said = await Shell.FindMeAsync("album", album, "--me", people.Ada, "--report", page, "--zip", zip);

        Assert.Equal((0, $"{album}/a, con.jpg"), (said.Code, Assert.Single(said.Lines)));
        var html = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
        Assert.Contains("<p class=\"event\" dir=\"auto\">Bern &lt;2026&gt;</p>", html, StringComparison.Ordinal);
        Assert.Contains("<img class=\"photo\" alt=\"a, con.jpg\" src=\"data:image/jpeg;base64,", html, StringComparison.Ordinal);
        using (var archive = ZipFile.OpenRead(zip))
        {
            Assert.Equal(["a, con.jpg", "report.html", "credits.csv"], archive.Entries.Select(entry => entry.FullName));
            await using var photo = await archive.Entries[0].OpenAsync(TestContext.Current.CancellationToken);
            using var bytes = new MemoryStream();
            await photo.CopyToAsync(bytes, TestContext.Current.CancellationToken);
            Assert.Equal(await File.ReadAllBytesAsync(TestPeople.PhotoPath(1), TestContext.Current.CancellationToken), bytes.ToArray());
        }

        // A disk that is full in the middle leaves what was there before; nobody found writes nothing.
        File.Delete(page);
        var full = await Shell.RunAsync(
            "prlimit", ["--fsize=20000", "env", "--ignore-signal=XFSZ", "dotnet", Shell.Program, "album", album, "--me", people.Ada, "--report", page, "--zip", zip], input: "", ("DOTNET_EnableWriteXorExecute", "0"));
        Assert.Equal(2, full.Code);
        Assert.Contains($"Could not write {page}", full.Errors, StringComparison.Ordinal);
        var none = await Shell.FindMeAsync("album", Directory.CreateDirectory(folder["empty"]).FullName, "--me", people.Ada, "--report", page);
        Assert.Equal(1, none.Code);
        Assert.Equal(["Bern <2026>", "empty", "me.zip"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        ZipFile.OpenRead(zip).Dispose();
        var same = await Shell.FindMeAsync("album", album, "--me", people.Ada, "--report", zip, "--zip", zip);
        Assert.Equal((2, $"findme: --report and --zip name the same file, {zip}.\n"), (same.Code, same.Errors));
    }

    [Fact]
    public async Task The_exit_code_distinguishes_no_match_from_an_error()
    {
        using var album = new TemporaryFolder();
        File.Copy(TestPeople.PhotoPath(2), album["others.jpg"]);

        var none = await Shell.FindMeAsync("album", album.Path, "--me", people.Ada, "--csv");
        var several = await Shell.FindMeAsync("album", album.Path, "--me", TestPeople.PhotoPath(1));
        var missing = await Shell.FindMeAsync("album", album["nowhere"], "--me", people.Ada);
        var wrong = await Shell.FindMeAsync("album");

        Assert.Equal((1, "file,verdict,confidence,distance,x,y,width,height,copy\n"), (none.Code, none.Output));
        Assert.Equal((2, ""), (several.Code, several.Output));
        Assert.Contains("There are 3 faces. Say which one with --face, 0 to 2, counted from left to right.", several.Errors, StringComparison.Ordinal);
        Assert.Equal((2, $"findme: There is no folder {album["nowhere"]}.\n"), (missing.Code, missing.Errors));
        Assert.Equal(2, wrong.Code);
        Assert.EndsWith("See: findme album --help\n", wrong.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Vectors_from_train_work_in_recognize_through_a_pipe_locally_and_on_a_server()
    {
        var trained = await Shell.FindMeAsync("train", people.Ada);
        string[] photos = [people.Bob, TestPeople.PhotoPath(1), TestPeople.PhotoPath(2)];

        var here = await Shell.FindMeAsync(["recognize", "-", .. photos], trained.Output);
        var there = await Shell.FindMeAsync(["recognize", "-", .. photos, "--server", vision.Address], trained.Output);
        var trainedThere = await Shell.FindMeAsync("train", people.Ada, "--server", vision.Address);

        Assert.Equal((0, ""), (trained.Code, trained.Errors));
        Assert.StartsWith($"# findme face vectors; recipe={people.Engine.Recipe}; ", trained.Output, StringComparison.Ordinal);
        Assert.Equal((0, $"{photos[0]}\tFalse\n{photos[1]}\tTrue\n{photos[2]}\tFalse\n"), (here.Code, here.Output));
        Assert.Equal((0, here.Output), (there.Code, there.Output));
        Assert.Equal(trained.Output, trainedThere.Output);
    }

    [Fact]
    public async Task An_unreadable_photo_is_reported_and_the_others_are_processed()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["person.csv"], (await Shell.FindMeAsync("train", people.Ada)).Output, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(folder["note.jpg"], "no picture", TestContext.Current.CancellationToken);

        var result = await Shell.FindMeAsync("recognize", folder["person.csv"], folder["note.jpg"], people.Ada, folder["gone.jpg"], "--json");

        Assert.Equal(2, result.Code);
        Assert.Equal(["error", "present", "error"], result.Lines.Select(line => JsonNode.Parse(line)!["present"] is null ? "error" : "present"));
        Assert.Contains("gone.jpg: there is no such file.", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_photos_make_one_file_and_a_photo_of_somebody_else_is_reported()
    {
        var trained = await Shell.FindMeAsync("train", people.Ada, people.Bob);
        var there = await Shell.FindMeAsync("train", people.Ada, people.Bob, "--server", vision.Address);

        Assert.Equal(0, trained.Code);
        Assert.Equal($"findme: {people.Bob}: this may be a different person than in {people.Ada}. Photos of either will be found; leave one out if you mean one person.\n", trained.Errors);
        Assert.InRange(FaceVectors.FromCsv(trained.Output).Vectors.Count, 40, 44);
        Assert.Equal((trained.Output, trained.Errors), (there.Output, there.Errors));
    }

    [Fact]
    public async Task With_a_background_nearest_neighbours_decide()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["me.csv"], people.AdaVectors, TestContext.Current.CancellationToken);
        var strangers = await Shell.FindMeAsync("background", TestPeople.PhotoPath(2), TestPeople.PhotoPath(3));
        await File.WriteAllTextAsync(folder["strangers.csv"], strangers.Output, TestContext.Current.CancellationToken);

        var here = await Shell.FindMeAsync("recognize", folder["me.csv"], people.Ada, people.Bob, "--background", folder["strangers.csv"]);
        var there = await Shell.FindMeAsync("recognize", folder["me.csv"], people.Ada, people.Bob, "--background", folder["strangers.csv"], "--server", vision.Address);

        Assert.Equal((0, ""), (strangers.Code, strangers.Errors));
        Assert.Equal($"{people.Ada}\tTrue\n{people.Bob}\tFalse\n", here.Output);
        Assert.Equal((here.Code, here.Output), (there.Code, there.Output));
    }

    [Fact]
    public async Task Another_server_than_FindMe_Vision_is_reported()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["me.csv"], people.AdaVectors, TestContext.Current.CancellationToken);
        foreach (var page in (string[])["<html>Welcome</html>", "{}"])
        {
            using var server = new FixedResponseServer(page);

            var trained = await Shell.FindMeAsync("train", people.Ada, "--server", server.Address);
            var recognized = await Shell.FindMeAsync("recognize", folder["me.csv"], people.Ada, "--server", server.Address);

            Assert.Equal((2, "", $"findme: The server {server.Address} responds, but not like FindMe.Vision: check --server.\n"), (trained.Code, trained.Output, trained.Errors));
            Assert.Equal((2, "", trained.Errors), (recognized.Code, recognized.Output, recognized.Errors));
        }
    }

    // By default, official builds of ONNX Runtime store a device identifier and a queue of events in these folders, and send them to Microsoft.
    [Fact]
    public async Task ONNX_Runtime_stores_and_sends_no_telemetry()
    {
        using var home = new TemporaryFolder();

        var result = await Shell.FindMeAsync(["train", people.Ada], input: "", ("HOME", home.Path), ("XDG_CACHE_HOME", home["cache"]), ("XDG_CONFIG_HOME", home["config"]), ("XDG_DATA_HOME", home["data"]));

        Assert.Equal((0, ""), (result.Code, result.Errors));
        Assert.Empty(Directory.GetFileSystemEntries(home.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task An_unreadable_folder_is_reported_and_sets_the_exit_code()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has different file permissions.");
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["me.csv"], people.AdaVectors, TestContext.Current.CancellationToken);
        var locked = Directory.CreateDirectory(folder["locked"]).FullName;
        File.Copy(people.Ada, folder["ada.jpg"]);
        await Shell.RunAsync("chmod", ["0", locked]);
        await Shell.RunAsync("chmod", ["a+rX", folder.Path]);

        var some = await Shell.UnprivilegedAsync("recognize", folder["me.csv"], folder.Path);
        var none = await Shell.UnprivilegedAsync("recognize", folder["me.csv"], locked);

        Assert.Equal((2, $"{folder["ada.jpg"]}\tTrue\n", $"findme: {locked}: skipped: no permission to read the folder.\n"), (some.Code, some.Output, some.Errors));
        Assert.Equal((2, "", $"findme: No permission to read the folder {locked}: ask its owner.\n"), (none.Code, none.Output, none.Errors));
    }

    [Theory]
    [InlineData]
    [InlineData("album")]
    [InlineData("train")]
    [InlineData("recognize")]
    [InlineData("background")]
    [InlineData("video")]
    [InlineData("people")]
    [InlineData("people", "train")]
    [InlineData("people", "name")]
    [InlineData("classify")]
    [InlineData("failures")]
    public async Task Every_command_has_help(params string[] command)
    {
        var result = await Shell.FindMeAsync([.. command, "--help"]);

        Assert.Equal((0, ""), (result.Code, result.Errors));
        Assert.Contains("Usage:", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(result.Lines, line => line.TrimEnd().EndsWith("-?, -h, --help", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Unknown command “albun”. Did you mean album? See: findme --help", "albun", "album", "--me", "me.jpg")]
    [InlineData("Unknown command “xyz”. See: findme --help", "xyz")]
    [InlineData("Unknown command “trian”. Did you mean train? See: findme people --help", "people", "trian", "team")]
    [InlineData("Unknown option “--mee”. Did you mean --me? See: findme album --help", "album", "photos", "--mee", "me.jpg")]
    [InlineData("Unknown option “--sede”. Did you mean --seed? See: findme train --help", "train", "me.jpg", "--sede", "1")]
    [InlineData("Unknown argument “extra”. See: findme album --help", "album", "photos", "extra", "--me", "me.jpg")]
    [InlineData("A command is missing: train, name. See: findme people --help", "people")]
    [InlineData("Option '--me' is required. See: findme album --help", "album", "photos")]
    [InlineData("--face takes a number, not “left”. See: findme album --help", "album", "photos", "--me", "me.jpg", "--face", "left")]
    [InlineData("--top must be a whole number of at least 1. See: findme classify --help", "classify", "a.jpg", "--top", "many")]
    [InlineData("--json, --csv and --print0 exclude each other. See: findme album --help", "album", "photos", "--me", "me.jpg", "--json", "--csv")]
    public async Task A_mistyped_command_line_is_told_in_one_line_with_what_was_meant(string line, params string[] arguments)
    {
        var said = await Shell.FindMeAsync(arguments);

        Assert.Equal((2, "", $"findme: {line}\n"), (said.Code, said.Output, said.Errors));
    }

    [Fact]
    public async Task Without_arguments_it_shows_the_help()
    {
        var said = await Shell.FindMeAsync([]);

        Assert.Equal((0, ""), (said.Code, said.Errors));
        Assert.Contains("classify", said.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_the_reader_of_its_output_leaves_it_ends_as_if_by_SIGPIPE()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGPIPE.");
        using var folder = new TemporaryFolder();
        var photo = await File.ReadAllBytesAsync(people.Ada, TestContext.Current.CancellationToken);
        const int photos = 400;
        for (var i = 0; i < photos; i++)
        {
            await File.WriteAllBytesAsync(folder[$"{i}.jpg"], photo, TestContext.Current.CancellationToken);
        }

        var said = await Shell.RunAsync(
            "bash", ["-c", "\"$@\" | head -n 1; echo \"${PIPESTATUS[0]}\"", "bash", .. Shell.CommandOf("album", folder.Path, "--me", people.Ada)]);

        Assert.Equal(2, said.Lines.Count);
        Assert.StartsWith(folder.Path, said.Lines[0], StringComparison.Ordinal);
        Assert.Equal("141", said.Lines[1]);
        Assert.DoesNotContain("photos match", said.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain($"{photos / 2} of {photos}", said.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Colour_and_progress_are_for_terminals_only_and_NO_COLOR_takes_the_colour_away()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Takes util-linux's script to imitate a terminal.");
        using var folder = new TemporaryFolder();
        File.Copy(people.Ada, folder["ada.jpg"]);
        var search = string.Join(' ', Shell.CommandOf("album", folder.Path, "--me", people.Ada).Select(word => $"'{word}'"));

        var terminal = await Shell.RunAsync("script", ["-qec", search, "/dev/null"], "", ("TERM", "xterm"), ("NO_COLOR", ""));
        var plain = await Shell.RunAsync("script", ["-qec", search, "/dev/null"], "", ("TERM", "xterm"), ("NO_COLOR", "1"));
        var pipe = await Shell.FindMeAsync("album", folder.Path, "--me", people.Ada);

        Assert.Contains("\u001b[32mmatch\u001b[0m", terminal.Output, StringComparison.Ordinal);
        Assert.Contains("photos [##############################] 1 of 1", terminal.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[32m", plain.Output, StringComparison.Ordinal);
        Assert.Contains("match 100 %", plain.Output, StringComparison.Ordinal);
        Assert.Equal($"{folder["ada.jpg"]}\n", pipe.Output);
        Assert.DoesNotContain("\u001b", pipe.Output + pipe.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Photos_of_two_people_as_one_are_warned_of()
    {
        using var folder = new TemporaryFolder();
        File.Copy(people.Ada, folder["ada.jpg"]);

        var two = await Shell.FindMeAsync("album", folder.Path, "--me", people.Ada, "--me", people.Bob);
        var one = await Shell.FindMeAsync("album", folder.Path, "--me", people.Ada, "--me", people.Ada);

        Assert.Equal((0, 0), (two.Code, one.Code));
        Assert.Contains($"findme: {people.Bob}: this may be a different person than in {people.Ada}.", two.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("different person", one.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Classify_says_which_classifier_it_uses_and_why()
    {
        var byDefault = await Shell.FindMeAsync("classify", people.Ada);
        var chosen = await Shell.FindMeAsync("classify", people.Ada, "--classifier", "nsfw");
        var missing = await Shell.FindMeAsync("classify", people.Ada, "--classifier", "sfw");

        Assert.Matches("^findme: Classifier nsfw \\(nsfw_mobilenet_v2-[0-9a-f]{8}\\): the default; --classifier NAME chooses another\\. Its classes: .*Neutral.*\\.\n$", byDefault.Errors);
        Assert.Contains("as --classifier says", chosen.Errors, StringComparison.Ordinal);
        Assert.Equal(byDefault.Output, chosen.Output);
        Assert.EndsWith("sfw.classifier.json is missing. Available: nsfw.\n", missing.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_usage_error_is_reported_in_one_line()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder["grey.jpg"], new PhotoPixels(300, 300, new byte[300 * 300 * 3]).ToJpeg(), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(folder["other.csv"], "# findme face vectors; recipe=dlib-00000000/x\n" + string.Join(',', Enumerable.Repeat("0.5", 128)), TestContext.Current.CancellationToken);

        Assert.Equal((2, $"findme: {folder["grey.jpg"]}: No face was found. Use a photo of the face from the front, in good light, without sunglasses.\n"), await SayAsync("train", folder["grey.jpg"]));
        Assert.Equal((2, $"findme: {folder["none.jpg"]}: there is no such file.\n"), await SayAsync("train", folder["none.jpg"]));
        var (code, line) = await SayAsync("recognize", folder["other.csv"], people.Ada);
        Assert.Equal(2, code);
        Assert.StartsWith($"findme: {folder["other.csv"]}: The face vectors were made by dlib-00000000/x", line, StringComparison.Ordinal);
        Assert.Equal((2, "findme: The operator's key is missing: set FINDME_OPERATOR_KEY to the server's Operator__Key.\n"), await SayAsync("failures", "list"));
        await File.WriteAllTextAsync(folder["me.csv"], people.AdaVectors, TestContext.Current.CancellationToken);
        var empty = Directory.CreateDirectory(folder["empty"]).FullName;
        Assert.Equal((2, $"findme: There is no photo in {empty}.\n"), await SayAsync("recognize", folder["me.csv"], empty));
        Assert.Equal((2, $"findme: There is no photo in {empty}.\n"), await SayAsync("classify", empty));
        Assert.Equal((2, "findme: --face must be 0 or more: faces are counted from 0, left to right.\n"), await SayAsync("train", people.Ada, "--face", "-1"));
        Assert.Equal(
            (2, $"findme: {TestPeople.PhotoPath(1)}: There are 3 faces. Say which one with --face, 0 to 2, counted from left to right.\n"),
            await SayAsync("train", TestPeople.PhotoPath(1), "--server", vision.Address));
        Assert.Equal((2, $"findme: The folder {empty}/no for {empty}/no/sheet.jpg does not exist: create it first.\n"), await SayAsync("video", "film.mp4", "--me", people.Ada, "--sheet", $"{empty}/no/sheet.jpg"));
        Assert.Equal((2, $"findme: {empty}: it is a folder, not a file of face vectors.\n"), await SayAsync("recognize", empty, people.Ada));
        Assert.Equal(
            (2, $"findme: {people.Ada} is a photo, not a file of face vectors. Make one: findme train {people.Ada} > me.csv\n"), await SayAsync("recognize", people.Ada, people.Bob));
        Assert.Equal(
            (2, $"findme: {people.Ada} is a photo, not a video. To search photos: findme album DIR --me PHOTO\n"), await SayAsync("video", people.Ada, "--me", people.Ada));

        static async Task<(int, string)> SayAsync(params string[] arguments)
        {
            var result = await Shell.FindMeAsync(arguments);
            Assert.Equal("", result.Output);
            return (result.Code, result.Errors);
        }
    }
}
