namespace FindMe.Apps.Tests.Fuzzing;

/// <summary>
/// Whatever comes from outside is read or refused as documented. FINDME_FUZZ_CASES says how many cases are run of each parser, and
/// FINDME_FUZZ_SEED where they begin.
/// </summary>
public sealed class ParserTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    private static readonly string Folder = Path.Combine(Checkouts.Root, "tests", "FindMe.Apps.Tests", "Fuzzing", "Corpus");

    public static TheoryData<string> Names => [.. Parsers.All.Select(parser => parser.Name)];

    [Fact]
    public void Every_folder_of_past_failures_belongs_to_a_parser() =>
        Assert.Empty(Directory.GetDirectories(Folder).Select(Path.GetFileName).Except(Parsers.All.Select(parser => parser.Name)));

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_sample_is_what_the_parser_reads(string name)
    {
        var parser = Parsers.All.Single(parser => parser.Name == name);

        Assert.All(parser.Samples, sample => parser.Read(sample));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_broke_a_parser_once_does_so_no_more(string name)
    {
        var parser = Parsers.All.Single(parser => parser.Name == name);
        var folder = Path.Combine(Folder, name);
        var failures = (Directory.Exists(folder) ? Directory.GetFiles(folder) : [])
            .Select(file => (File: Path.GetFileName(file), Wrong: parser.Try(File.ReadAllBytes(file))))
            .Where(result => result.Wrong is not null);

        Assert.Empty(failures);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Any_input_is_read_or_refused_as_documented(string name)
    {
        var parser = Parsers.All.Single(parser => parser.Name == name);
        var count = Parser.CasesAt(parser.Cost);
        var (seed, failures) = (Parser.FirstSeed, new List<string>());
        var run = Task.Factory.StartNew(
            () =>
            {
                for (var last = seed + count; seed < last && failures.Count < 3; seed++)
                {
                    var input = Mutation.Of(parser.Samples, seed);
                    if (parser.Try(input) is { } wrong)
                    {
                        failures.Add(parser.Describe($"seed {seed}", input, wrong));
                    }
                }
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

        while (!run.IsCompleted)
        {
            var before = Volatile.Read(ref seed);
            await Task.WhenAny(run, Task.Delay(Hang, TestContext.Current.CancellationToken));
            if (!run.IsCompleted && Volatile.Read(ref seed) == before)
            {
                Assert.Fail(parser.Describe($"seed {before}", Mutation.Of(parser.Samples, before), $"does not end within {Hang.TotalSeconds} s"));
            }
        }

        await run;
        Assert.True(failures.Count == 0, string.Join("\n\n", failures));
    }
}
