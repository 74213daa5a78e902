using System.Runtime.Versioning;
using System.Text.Json.Nodes;

namespace FindMe.Recognition.Tests;

/// <summary><c>findme people train</c> as a user runs it.</summary>
public sealed class PeopleCommandTests(PeopleFixture fixture)
{
    private const UnixFileMode OwnersAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact]
    public async Task Output_paths_are_checked_before_training()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["folder"]);
        File.WriteAllText(folder["there"], "somebody's own");
        File.CreateSymbolicLink(folder["link"], folder["there"]);
        var (there, link, fresh) = (folder["there"], folder["link"], folder["new"]);

        await Task.WhenAll(
            RejectsAsync($"The folder {folder["no/such"]} for {folder["no/such/x"]} does not exist: create it first.", "-o", folder["no/such/x"]),
            RejectsAsync($"{folder["folder"]} is a folder: name a file in it.", "-o", folder["folder"]),
            RejectsAsync("The folder /proc is not writable: name another, or ask its owner for permission.", "-o", fresh, "--matrix", "/proc/x"));
        await Task.WhenAll(
            RejectsAsync($"-o and --edge name the same file, {fresh}.", "-o", fresh, "--edge", fresh),
            RejectsAsync($"{link} is a symbolic link: name the file itself.", "-o", link),
            RejectsAsync($"{folder["a.jpg"]} has the name of a photo, but --onnx does not write photos: name another file.", "-o", fresh, "--onnx", folder["a.jpg"]),
            RejectsAsync("--matrix needs held-out photos, and --holdout 0 holds out none.", "-o", fresh, "--matrix", folder["csv"], "--holdout", "0"));

        Assert.Equal(["folder", "link", "there"], NamesIn(folder));
        Assert.Equal("somebody's own", File.ReadAllText(there));

        async Task RejectsAsync(string line, params string[] options)
        {
            // Neither the people's folder nor the models exist, so the command must report the output before it needs them.
            var result = await Shell.FindMeAsync(["people", "train", folder["nobody"], "--models", folder["none"], .. options]);
            Assert.Equal((2, "", $"findme: {line}\n"), (result.Code, result.Output, result.Errors));
        }
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task Outputs_are_private_and_names_with_a_common_beginning_are_printed_in_full()
    {
        using var folder = new TemporaryFolder();
        CopyPeople(folder["team"], photos: 4, ("Ada", "Alexandra Anderson"), ("Bob", "Alexandra Andrews"));
        File.WriteAllText(folder["team.findme"], "older");

        var result = await Shell.FindMeAsync(
            "people", "train", folder["team"], "-o", folder["team.findme"], "--edge", folder["team.onnx"], "--matrix", folder["team.csv"], "--augment", "0");

        Assert.Equal((0, ""), (result.Code, result.Errors));
        Assert.Contains("no mistakes", result.Lines);
        Assert.StartsWith("Alexandra Anderson          100.0 %    100.0 %", result.Lines.Single(line => line.StartsWith("Alexandra Anderson", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.StartsWith("full: people named correctly 100.0 %", result.Lines[^2], StringComparison.Ordinal);
        Assert.StartsWith("8 bits: people named correctly 100.0 %", result.Lines[^1], StringComparison.Ordinal);
        Assert.Equal(
            "is \\ named,Alexandra Anderson,Alexandra Andrews,unknown\r\nAlexandra Anderson,1,0,0\r\nAlexandra Andrews,0,1,0\r\nunknown,0,0,0\r\n",
            File.ReadAllText(folder["team.csv"]));
        Assert.Equal(["Alexandra Anderson", "Alexandra Andrews"], PeopleModel.Load(folder["team.findme"]).People);
        Assert.Equal(["team", "team.csv", "team.findme", "team.onnx"], NamesIn(folder));
        Assert.All(["team.csv", "team.findme", "team.onnx"], file => Assert.Equal(OwnersAlone, File.GetUnixFileMode(folder[file])));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_failed_output_does_not_affect_the_others(bool json)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs Linux to limit the size of files.");
        using var folder = new TemporaryFolder();
        CopyPeople(folder["team"], photos: 1, ("Ada", "Ada"), ("Bob", "Bob"));
        string[] train = ["people", "train", folder["team"], "-o", folder["team.findme"], "--onnx", folder["large.onnx"], "--edge", folder["small.onnx"], "--augment", "0"];

        // Simulates a disk without room for the larger model of 10 MB, by a limit of 8,000 blocks of 512 bytes. W^X is off because the runtime
        // would use memory files above the limit.
        var result = await Shell.RunAsync(
            "sh",
            ["-c", "trap '' XFSZ; ulimit -f 8000; exec dotnet \"$@\"", "sh", DemoPhotos.AppPath("FindMe.Cli", "findme"), .. train, .. (string[])(json ? ["--json"] : [])],
            environment: ("DOTNET_EnableWriteXorExecute", "0"));

        Assert.Equal(2, result.Code);
        Assert.Collection(
            result.Errors.TrimEnd().Split('\n'),
            line => Assert.StartsWith($"findme: Could not write {folder["large.onnx"]}: ", line, StringComparison.Ordinal),
            line => Assert.Equal("findme: The 8-bit model was not measured: no photos of people were held out.", line));
        Assert.Equal(2, json ? JsonNode.Parse(result.Output)!["card"]!["photos"]!.AsObject().Count : int.Parse(result.Lines[0].Split(' ')[0]));
        Assert.Equal(["Ada", "Bob"], PeopleModel.Load(folder["team.findme"]).People);
        Assert.Equal(["small.onnx", "team", "team.findme"], NamesIn(folder));
    }

    private static IEnumerable<string?> NamesIn(TemporaryFolder folder) => Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal);

    /// <summary>Copies people of the fixture under other names.</summary>
    private void CopyPeople(string target, int photos, params (string From, string To)[] people)
    {
        foreach (var (from, to) in people)
        {
            Directory.CreateDirectory(Path.Combine(target, to));
            for (var photo = 1; photo <= photos; photo++)
            {
                File.Copy(Path.Combine(fixture.Folder, from, $"{photo}.jpg"), Path.Combine(target, to, $"{photo}.jpg"));
            }
        }
    }
}
