using System.Text.RegularExpressions;
using FindMe.Pipeline;

namespace FindMe.Apps.Tests.Wiring;

/// <summary>docs/architecture.md says where everything lies: its tree, its files and its messages are those of the checkout.</summary>
public sealed partial class ArchitectureTests
{
    // Folders of one project whose parts the tree leaves out: their names say no more than the project's own.
    private static readonly string[] WithoutParts = ["apps/FindMe.Cli", "apps/FindMe.Local", "apps/FindMe.Vision", "libs/FindMe.Faces", "libs/FindMe.Recognition", "libs/FindMe.Onnx"];

    private static readonly string Text = File.ReadAllText(Path.Combine(Checkouts.Root, "docs", "architecture.md"));

    [Fact]
    public void The_tree_is_that_of_the_folders()
    {
        var named = NamedFolders().ToHashSet();

        Assert.Equal([], named.Where(folder => !Directory.Exists(Path.Combine(Checkouts.Root, folder))));
        Assert.Equal([], Projects().Concat(Projects().Except(WithoutParts).Where(project => !project.StartsWith("tools/", StringComparison.Ordinal)).SelectMany(PartsOf)).Except(named));
    }

    [Fact]
    public void Every_file_that_it_names_exists()
    {
        var files = FileName().Matches(Text).Select(match => match.Groups[1].Value).Distinct().ToList();

        Assert.InRange(files.Count, 15, 100);
        Assert.All(files, file => Assert.True(File.Exists(Path.Combine(Checkouts.Root, file)), $"docs/architecture.md names {file}, which is not there."));
    }

    [Fact]
    public void Each_way_names_a_file_once()
    {
        var ways = Text.Split("## Following the data")[1].Split("## The messages")[0].Split("\n**")[1..];

        Assert.Equal(4, ways.Length);
        foreach (var files in ways.Select(way => FileName().Matches(way).Select(match => match.Groups[1].Value).ToList()))
        {
            Assert.Equal(files.Distinct(), files);
        }
    }

    [Fact]
    public void Every_kind_of_step_is_in_the_table_of_messages()
    {
        var kinds = typeof(SearchRequest).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(SearchRequest))).Select(type => type.Name);
        var table = Text.Split("## The messages")[1].Split("\n## ")[0];

        Assert.All(kinds.Append(nameof(TweetImage)), kind => Assert.Contains($"`{kind}`", table, StringComparison.Ordinal));
    }

    // Two blanks a level; a line may name several folders of the top.
    private static IEnumerable<string> NamedFolders()
    {
        var (top, project) = ("", "");
        foreach (var line in Text.Split("```")[1].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var names = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            switch (line.Length - line.TrimStart().Length)
            {
                case 0:
                    foreach (var name in names.TakeWhile(name => name.EndsWith('/')))
                    {
                        yield return top = name.TrimEnd('/');
                    }

                    break;
                case 2:
                    yield return project = $"{top}/{names[0]}";
                    break;
                default:
                    yield return $"{project}/{names[0]}";
                    break;
            }
        }
    }

    private static IEnumerable<string> Projects() => ((string[])["apps", "libs", "tools"])
        .SelectMany(top => Directory.GetDirectories(Path.Combine(Checkouts.Root, top)).Select(folder => $"{top}/{Path.GetFileName(folder)}"));

    private static IEnumerable<string> PartsOf(string project) => Directory.GetDirectories(Path.Combine(Checkouts.Root, project))
        .Select(Path.GetFileName).Where(part => part is not ("bin" or "obj" or "Properties" or null)).Select(part => $"{project}/{part}");

    [GeneratedRegex("`((?:apps|libs|tools|tests|bench)/[^`]+\\.cs)`")]
    private static partial Regex FileName();
}
