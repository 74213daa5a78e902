using System.Runtime.Versioning;
using System.Text.Json.Nodes;

namespace FindMe.Recognition.Tests;

/// <summary><c>findme people train</c> as a user runs it.</summary>
public sealed class PeopleCommandTests(PeopleFixture fixture)
{
    private const UnixFileMode OwnersAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact]
    public async Task Where_the_files_go_is_looked_at_before_any_work()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["folder"]);
        File.WriteAllText(folder["there"], "somebody's own");
        File.CreateSymbolicLink(folder["link"], folder["there"]);
        var (there, link, fresh) = (folder["there"], folder["link"], folder["new"]);

        await Task.WhenAll(
            RefusedAsync($"There is no folder {folder["no/such"]} for {folder["no/such/x"]}: make it first.", "-o", folder["no/such/x"]),
            RefusedAsync($"{folder["folder"]} is a folder: name the file that goes into it.", "-o", folder["folder"]),
            RefusedAsync("The folder /proc cannot be written to: name another, or ask its owner for permission.", "-o", fresh, "--matrix", "/proc/x"));
        await Task.WhenAll(
            RefusedAsync($"-o and --edge name the same file, {fresh}.", "-o", fresh, "--edge", fresh),
            RefusedAsync($"{link} is a link: name the file itself.", "-o", link),
            RefusedAsync($"{folder["a.jpg"]} is named like a photo, which --onnx does not write: name another file.", "-o", fresh, "--onnx", folder["a.jpg"]),
            RefusedAsync("--matrix is of photos that are kept aside, and --holdout 0 keeps none.", "-o", fresh, "--matrix", folder["csv"], "--holdout", "0"));

        Assert.Equal(["folder", "link", "there"], NamesIn(folder));
        Assert.Equal("somebody's own", File.ReadAllText(there));

        async Task RefusedAsync(string line, params string[] options)
        {
            // Neither people nor models are there: what is complained of was looked at before them.
            var said = await Shell.FindMeAsync(["people", "train", folder["nobody"], "--models", folder["none"], .. options]);
            Assert.Equal((2, "", $"findme: {line}\n"), (said.Code, said.Output, said.Errors));
        }
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task What_was_learnt_is_for_its_owner_alone_and_names_that_look_alike_when_cut_are_told_in_full()
    {
        using var folder = new TemporaryFolder();
        CopyPeople(folder["team"], photos: 4, ("Ada", "Alexandra Anderson"), ("Bob", "Alexandra Andrews"));
        File.WriteAllText(folder["team.findme"], "older");

        var said = await Shell.FindMeAsync(
            "people", "train", folder["team"], "-o", folder["team.findme"], "--edge", folder["team.onnx"], "--matrix", folder["team.csv"], "--augment", "0");

        Assert.Equal((0, ""), (said.Code, said.Errors));
        Assert.Contains("no mistakes", said.Lines);
        Assert.StartsWith("Alexandra Anderson          100.0 %    100.0 %", said.Lines.Single(line => line.StartsWith("Alexandra Anderson", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.StartsWith("full: people named rightly 100.0 %", said.Lines[^2], StringComparison.Ordinal);
        Assert.StartsWith("8 bits: people named rightly 100.0 %", said.Lines[^1], StringComparison.Ordinal);
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
    public async Task A_file_that_cannot_be_written_costs_nothing_of_the_rest(bool json)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Limits the size of files as Linux does.");
        using var folder = new TemporaryFolder();
        CopyPeople(folder["team"], photos: 1, ("Ada", "Ada"), ("Bob", "Bob"));
        string[] train = ["people", "train", folder["team"], "-o", folder["team.findme"], "--onnx", folder["large.onnx"], "--edge", folder["small.onnx"], "--augment", "0"];

        // As on a disk without room for the larger model, of 4.8 MB: 4,000 blocks of 512 bytes. The runtime's own memory files are larger.
        var said = await Shell.RunAsync(
            "sh",
            ["-c", "trap '' XFSZ; ulimit -f 4000; exec dotnet \"$@\"", "sh", DemoPhotos.AppPath("FindMe.Cli", "findme"), .. train, .. (string[])(json ? ["--json"] : [])],
            environment: ("DOTNET_EnableWriteXorExecute", "0"));

        Assert.Equal(2, said.Code);
        Assert.Collection(
            said.Errors.TrimEnd().Split('\n'),
            line => Assert.StartsWith($"findme: {folder["large.onnx"]} cannot be written: ", line, StringComparison.Ordinal),
            line => Assert.Equal("findme: The model with 8 bits was not measured: no photos of people were kept aside.", line));
        Assert.Equal(2, json ? JsonNode.Parse(said.Output)!["card"]!["photos"]!.AsObject().Count : int.Parse(said.Lines[0].Split(' ')[0]));
        Assert.Equal(["Ada", "Bob"], PeopleModel.Load(folder["team.findme"]).People);
        Assert.Equal(["small.onnx", "team", "team.findme"], NamesIn(folder));
    }

    private static IEnumerable<string?> NamesIn(TemporaryFolder folder) => Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal);

    /// <summary>Gives people of the fixture other names.</summary>
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
