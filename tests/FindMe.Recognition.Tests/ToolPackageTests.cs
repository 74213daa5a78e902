using System.IO.Compression;

namespace FindMe.Recognition.Tests;

/// <summary><c>dotnet pack apps/FindMe.Cli</c>, installed as a tool somewhere else.</summary>
public sealed class ToolPackageTests(TestPeople people)
{
    [Fact]
    public async Task The_packed_tool_installs_and_finds_faces_with_the_models_in_it()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(
            folder["nuget.config"],
            $"""<configuration><packageSources><clear /><add key="packed" value="{folder.Path}" /></packageSources></configuration>""",
            TestContext.Current.CancellationToken);
        var project = Path.Combine(Checkouts.Root, "apps", "FindMe.Cli");

        await DotnetAsync("pack", project, "--configuration", "Release", "--no-build", "--output", folder.Path);
        await DotnetAsync("tool", "install", "FindMe.Cli", "--tool-path", folder["tools"], "--configfile", folder["nuget.config"], "--no-cache");
        var trained = await Shell.RunAsync(Path.Combine(folder["tools"], "findme"), ["train", people.Ada]);
        var classified = await Shell.RunAsync(Path.Combine(folder["tools"], "findme"), ["classify", people.Ada]);

        Assert.Equal((0, ""), (trained.Code, trained.Errors));
        Assert.StartsWith($"# findme face vectors; recipe={people.Engine.Recipe}; ", trained.Output, StringComparison.Ordinal);
        Assert.Equal(0, classified.Code);
        Assert.Contains("Classifier nsfw", classified.Errors, StringComparison.Ordinal);
        using var package = ZipFile.OpenRead(Assert.Single(Directory.GetFiles(folder.Path, "*.nupkg")));
        Assert.Contains(package.Entries, entry => entry.FullName.EndsWith("/models/licences/faceplugin.txt", StringComparison.Ordinal));

        async Task DotnetAsync(params string[] arguments)
        {
            var said = await Shell.RunAsync("dotnet", arguments);
            Assert.True(said.Code == 0, said.Output + said.Errors);
        }
    }
}
