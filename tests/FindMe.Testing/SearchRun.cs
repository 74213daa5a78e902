using System.Text.Json.Nodes;

namespace FindMe.Testing;

/// <summary>Runs FindMe's main use case on a running system.</summary>
internal static class SearchRun
{
    private static readonly TimeSpan SearchTimeout = TimeSpan.FromMinutes(5);

    // A demo photo, whose verdict is known.
    private const string Own = "sample1.jpg";

    /// <summary>Consents, uploads a selfie, searches an album and checks the verdicts.</summary>
    /// <param name="page">Address of the page.</param>
    /// <param name="album">The album's folder, which must contain <c>sample1.jpg</c> with the person.</param>
    /// <returns>The problems found, one per line; empty for none.</returns>
    public static async Task<IReadOnlyList<string>> ProblemsAsync(Uri page, string album)
    {
        var photos = Directory.GetFiles(album).Length;
        if (!File.Exists(Path.Combine(album, Own)))
        {
            return [$"{album} does not hold {Own}, one of the demo photos in artifacts/models/demo: copy them there."];
        }

        using var person = new Visitor(page, retries: true);
        await person.ShowDemoFaceAsync();
        JsonNode view;
        try
        {
            view = await person.UntilEndedAsync(await person.SearchAsync(Path.GetFileName(album)), SearchTimeout);
        }
        catch (TimeoutException timeout)
        {
            return [timeout.Message];
        }

        var problems = new List<string>();
        if (view["status"]!.GetValue<string>() != "finished")
        {
            problems.Add($"The search is {view["status"]}: {view["problem"]?.ToJsonString()}");
        }

        if (view["photos"]!["compared"]!.GetValue<int>() != photos)
        {
            problems.Add($"{view["photos"]!["compared"]} of {photos} photos were compared.");
        }

        if (!view["matches"]!.AsArray().Any(match => match!["photo"]!["id"]!.GetValue<string>() == Own))
        {
            problems.Add($"{Own} is no match: it shows the person.");
        }

        return problems;
    }
}
