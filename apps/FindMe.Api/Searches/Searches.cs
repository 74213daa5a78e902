using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using Dapr.Client;
using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>How searches are watched and limited. Section <c>Searches</c> of the configuration; checked at start.</summary>
public sealed class SearchOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Searches";

    /// <summary>Time between two looks at a search that is being watched, 50 ms to 10 s. Default 250 ms: a match shows at once to a person.</summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:00:10")]
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Searches of one person that FindMe keeps, 1 to 1,000. Default 100; the next one is refused until one is deleted.</summary>
    [Range(1, 1000)]
    public int MaxPerPerson { get; set; } = 100;
}

[OptionsValidator]
internal sealed partial class SearchOptionsValidator : IValidateOptions<SearchOptions>;

/// <summary>A search that was begun.</summary>
/// <param name="Id">Its id.</param>
internal sealed record SearchCreated(string Id);

/// <summary>POST a search → its document in the state store → search_request; then GET how it stands, and DELETE.</summary>
internal static class Searches
{
    public static void AddSearches(this IServiceCollection services)
    {
        services.AddOptions<SearchOptions>().BindConfiguration(SearchOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<SearchOptions>, SearchOptionsValidator>();
        services.AddPhotoSources();
        services.AddSingleton<SearchRequestBodies>();
        services.AddSingleton<AlbumMargins>();
        services.AddSingleton<SearchReader>();
        services.AddSingleton<SearchWatches>();
        services.AddSingleton<SearchDeletion>();
    }

    public static void MapSearches(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/searches", BeginAsync).RequireCaller().WithAudit().WithSummary("Search a source for yourself.");
        routes.MapGet("/api/searches", ListAsync).RequireCaller().WithSummary("Your searches, newest first.");
        routes.MapGet("/api/searches/{id}", ReadAsync).RequireCaller(otherwise: Problems.NotFound).WithSummary("How a search stands, and whom it found; within: photos up to this distance, 0 to 2, are listed too, with the verdict no.");
        routes.MapDelete("/api/searches/{id}", EndAsync).RequireCaller(otherwise: Problems.NotFound)
            .WithSummary("Cancel a search that runs: what it found stays. Delete one that has ended.");
    }

    private static async Task<Results<Accepted<SearchCreated>, ProblemHttpResult>> BeginAsync(
        SearchRequestBody body,
        CurrentUser user,
        SearchRequestBodies bodies,
        DaprClient dapr,
        OpenSearches open,
        SearchDeletion deletion,
        Judgements judgements,
        SearchAudit audit,
        FaceReader faces,
        SampleFace sample,
        IOptions<SearchOptions> options,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var (source, query, terms, problem) = await bodies.CheckAsync(body, user, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        var used = user.Person.ReferencesInUse(faces.Recipe);
        if (used.Count == 0)
        {
            return Problems.NoReference;
        }

        if (used.Any(reference => reference.IsSample) && !sample.MaySearch(source, query))
        {
            return SampleFace.DemoOnly;
        }

        if (user.Person.Searches.Count >= options.Value.MaxPerPerson
            && await deletion.ForgetExpiredAsync(user, cancellationToken) is var kept && kept >= options.Value.MaxPerPerson)
        {
            return Problems.Of(429, "too-many-searches", $"You have {kept} searches.", "Delete one of them first.");
        }

        var now = time.GetUtcNow();
        var search = new Search
        {
            Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
            Person = user.Id,
            Source = source,
            Query = query,
            QueryName = await bodies.SourceOf(source)!.NameAsync(new SourceQuery(user.Id, user.Person, query, terms), cancellationToken),
            Terms = terms,
            CreatedAt = now,
            ExpiresAt = now + CurrentUsers.Retention,
            References = [.. used.Select(reference => reference.Id)],
            Recipe = faces.Recipe,
        };

        // A search that dies between these is in the log, or on the list, and was never begun.
        if (!audit.TryWriteBegin(user, search))
        {
            return Problems.NotLogged;
        }

        await open.AddAsync(search.Id, user.Id, search.Generation, cancellationToken);
        try
        {
            await judgements.RenewAsync(user.Id, cancellationToken);
        }
        catch (CryptographicException)
        {
            // They live for as long as they did.
        }

        // Add the search to the person first, so that deletion finds it even if we crash here.
        var person = await dapr.UpdatePersonAsync(user.Id, current => current with { Searches = [.. current.Searches, search.Id] }, cancellationToken);
        if (person is null)
        {
            await judgements.ForgetAsync(user.Id, CancellationToken.None);
            return Problems.ConsentRequired;
        }

        // What was shown or deleted meanwhile.
        search = search with { References = [.. person.ReferencesInUse(faces.Recipe).Select(reference => reference.Id)] };

        // A tombstone means the person was deleted concurrently.
        var saved = await dapr.CreateOrUpdateStateAsync<Search>(StateKeys.Search(search.Id), current => current ?? search, _ => CurrentUsers.Retention, cancellationToken);
        if (saved.Stage == SearchStage.Deleted)
        {
            return Problems.ConsentRequired;
        }

        await open.BeginAsync(search, cancellationToken);
        return TypedResults.Accepted($"/api/searches/{search.Id}", new SearchCreated(search.Id));
    }

    private static async Task<Ok<List<SearchSummary>>> ListAsync(CurrentUser user, SearchReader reader, SearchDeletion deletion, CancellationToken cancellationToken)
    {
        var summaries = new List<SearchSummary>();
        foreach (var id in user.Person.Searches.Reverse())
        {
            if (await reader.TryReadAsync(id, user.Id, cancellationToken) is { } snapshot)
            {
                summaries.Add(SearchSummary.Of(snapshot));
            }
        }

        if (summaries.Count < user.Person.Searches.Count)
        {
            await deletion.ForgetExpiredAsync(user, cancellationToken);
        }

        return TypedResults.Ok(summaries);
    }

    private static async Task<Results<Ok<SearchView>, ProblemHttpResult>> ReadAsync(
        string id, float? within, CurrentUser user, SearchReader reader, CancellationToken cancellationToken) =>
        !IsDistance(within) ? Problems.NoDistance
        : await reader.TryReadAsync(id, user.Id, cancellationToken) is { } snapshot ? TypedResults.Ok(SearchView.Of(snapshot, within))
        : Problems.NotFound;

    /// <summary>Whether a distance may be asked for: unit vectors are at most 2 apart.</summary>
    public static bool IsDistance(float? within) => within is null or (>= 0 and <= 2);

    private static async Task<Results<NoContent, ProblemHttpResult>> EndAsync(
        string id, CurrentUser user, SearchReader reader, SearchDeletion deletion, DaprClient dapr, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await reader.TryReadAsync(id, user.Id, cancellationToken) is not { } snapshot)
        {
            return Problems.NotFound;
        }

        if (snapshot.IsEnded())
        {
            await deletion.DeleteAsync(id, cancellationToken);
            await dapr.UpdatePersonAsync(
                user.Id, person => person with { Searches = [.. person.Searches.Where(other => other != id)] }, cancellationToken);
            return TypedResults.NoContent();
        }

        await dapr.UpdateStateAsync<Search>(
            StateKeys.Search(id),
            search => search.IsOpen() ? search with { Stage = SearchStage.Cancelled } : search,
            search => search.TimeToLive(time.GetUtcNow()),
            cancellationToken);
        return TypedResults.NoContent();
    }
}
