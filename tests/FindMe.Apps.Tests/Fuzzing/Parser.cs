using System.Diagnostics;
using System.Text;

namespace FindMe.Apps.Tests.Fuzzing;

/// <summary>Something that reads what comes from outside.</summary>
/// <param name="Name">Its name, and that of the folder of its past failures.</param>
/// <param name="Samples">What it is meant to read; the cases are made from them.</param>
/// <param name="Read">Reads, and asserts what holds for whatever was read.</param>
/// <param name="Refusals">The exceptions that it is documented to throw; any other one is a failure.</param>
internal sealed record Parser(string Name, IReadOnlyList<byte[]> Samples, Action<byte[]> Read, params Type[] Refusals)
{
    // Generous, since the machine may be busy: what does not end, or takes a power of its input's length, takes longer.
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(10);

    private const int DefaultCases = 10_000;

    private static readonly int? Asked = int.TryParse(Environment.GetEnvironmentVariable("FINDME_FUZZ_CASES"), out var cases) ? cases : null;

    /// <summary>Where the cases begin; default 1, or what <c>FINDME_FUZZ_SEED</c> says. The case of seed s is the same in every run.</summary>
    public static int FirstSeed { get; } = int.TryParse(Environment.GetEnvironmentVariable("FINDME_FUZZ_SEED"), out var seed) ? seed : 1;

    /// <summary>How many times dearer a case is than those of the cheap parsers: so many fewer are run by default.</summary>
    public int Cost { get; init; } = 1;

    /// <summary>Cases in a run: what <c>FINDME_FUZZ_CASES</c> says; default 10,000, and fewer where a case is dearer.</summary>
    /// <param name="cost">How many times dearer.</param>
    public static int CasesAt(int cost) => Asked ?? DefaultCases / cost;

    /// <summary>Tries one input.</summary>
    /// <returns>What was wrong; null: it was read, or refused as documented, in time.</returns>
    public string? Try(byte[] input)
    {
        var begun = Stopwatch.GetTimestamp();
        try
        {
            Read(input);
        }
        catch (Exception exception) when (Refusals.Any(refusal => refusal.IsInstanceOfType(exception)))
        {
            // Said beforehand.
        }
        catch (Exception exception)
        {
            return exception.ToString();
        }

        var time = Stopwatch.GetElapsedTime(begun);
        return time > MaxTime ? $"took {time.TotalSeconds:0.0} s" : null;
    }

    /// <summary>Says how to see a failure again.</summary>
    public string Describe(string which, byte[] input, string wrong)
    {
        var file = Path.Combine(Path.GetTempPath(), $"findme-fuzz-{Name}-{which.Replace(' ', '-')}");
        File.WriteAllBytes(file, input);
        return $"{Name}, {which}: {wrong}\nThe input, also in {file} (put it into Fuzzing/Corpus/{Name} once it is understood):\n"
            + $"{Encoding.Latin1.GetString(input.AsSpan(0, Math.Min(input.Length, 400)))}\n{Convert.ToHexString(input.AsSpan(0, Math.Min(input.Length, 400)))}";
    }
}
