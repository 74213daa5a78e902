using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Dapr.Client;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace FindMe.Api;

/// <summary>A link that is wanted.</summary>
/// <param name="Photos">Ids of found photos; null: all of them.</param>
/// <param name="Days">How long it works: 1, 7 or 30; null: 7.</param>
internal sealed record ShareBody(IReadOnlyList<string>? Photos, int? Days);

/// <summary>A link by which everybody who has it sees chosen photos.</summary>
/// <param name="Token">The secret in it.</param>
/// <param name="Url">The link.</param>
/// <param name="Photos">How many photos it shows.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">When it ends: with its search at the latest.</param>
internal sealed record ShareView(string Token, string Url, int Photos, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt);

/// <summary>What a link shows. Lies under <see cref="StateKeys.Share"/>, and counts only as long as the search names it.</summary>
/// <param name="Search">The search.</param>
/// <param name="Person">Whose it is.</param>
/// <param name="Photos">The photos' short ids, in order.</param>
/// <param name="ExpiresAt">When it ends.</param>
internal sealed record Share(string Search, string Person, IReadOnlyList<string> Photos, DateTimeOffset ExpiresAt) : Document;

/// <summary>The links of a search as its person sees them again, encrypted under their key. Lies under <see cref="StateKeys.Shares"/>.</summary>
/// <param name="All">Oldest first.</param>
internal sealed record ShareTokens(IReadOnlyList<ShareToken> All) : Document;

/// <summary>A link's token.</summary>
internal sealed record ShareToken(string Token, int Photos, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt)
{
    // 192 random bits: nobody guesses one.
    private const int TokenBytes = 24;

    /// <summary>What stands in the store in its place.</summary>
    [JsonIgnore]
    public string Hash => HashOf(Token)!;

    public static string New() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes));

    /// <summary>What stands in the store in place of a token; null: the text can be none.</summary>
    public static string? HashOf(string token) =>
        token.Length == TokenBytes * 4 / 3 && token.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_')
            ? Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(token)))
            : null;
}

/// <summary>POST a link to photos of a search, GET those there are, DELETE one: from then on it shows nothing.</summary>
internal static class SearchShares
{
    private const int DefaultDays = 7;
    private const int MaxPhotos = 1_000;
    private const int MaxPerSearch = 20;
    private const int MaxBodyBytes = 256 << 10;

    public static void MapSearchShares(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/searches/{id}/shares", ShareAsync).RequireCaller(otherwise: Problems.NotFound).WithMetadata(new RequestSizeLimitAttribute(MaxBodyBytes))
            .WithSummary("Make a link to found photos that works without an account for 1, 7 or 30 days.");
        routes.MapGet("/api/searches/{id}/shares", ListAsync).RequireCaller(otherwise: Problems.NotFound).WithSummary("The links to photos of a search that work.");
        routes.MapDelete("/api/searches/{id}/shares/{token}", RevokeAsync).RequireCaller(otherwise: Problems.NotFound).WithSummary("Revoke a link: it shows nothing from then on.");
    }

    private static async Task<Results<Created<ShareView>, ProblemHttpResult>> ShareAsync(
        string id, ShareBody body, CurrentUser user, SearchReader reader, PersonDocuments documents, PhotoKeeping keeping, DaprClient dapr, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        if (await reader.TryReadAsync(id, user.Id, cancellationToken) is not { } snapshot)
        {
            return Problems.NotFound;
        }

        if (body.Days is not (null or 1 or 7 or 30))
        {
            return Problems.Of(400, "bad-days", "`days` must be 1, 7 or 30.", $"Leave it out for {DefaultDays}.");
        }

        var found = ExportedPhoto.Of(snapshot);
        if ((body.Photos is null ? found : ExportedPhoto.Choose(found, [.. body.Photos.Select(photo => photo ?? "")])) is not { } chosen)
        {
            return Problems.NotFound;
        }

        if (chosen.Count is 0 or > MaxPhotos)
        {
            return Problems.Of(422, "bad-photos", $"A link shows 1 to {MaxPhotos} photos; these are {chosen.Count}.", "Choose others with `photos`.");
        }

        // Without the search there is nothing to show.
        var now = time.GetUtcNow();
        var wanted = now.AddDays(body.Days ?? DefaultDays);
        var share = new ShareToken(ShareToken.New(), chosen.Count, now, wanted < snapshot.Search.ExpiresAt ? wanted : snapshot.Search.ExpiresAt);
        var hash = share.Hash;
        IReadOnlyList<string> ended = [];
        var version = await documents.UpdateAsync<ShareTokens>(
            user.Id,
            StateKeys.Shares(id),
            (list, _) =>
            {
                var others = (list?.All ?? []).ToLookup(other => other.ExpiresAt > now);
                ended = [.. others[false].Select(other => other.Hash)];
                return others[true].Count() < MaxPerSearch ? new ShareTokens([.. others[true], share]) : null;
            },
            snapshot.Search.TimeToLive(now),
            cancellationToken);
        if (version is null)
        {
            return Problems.Of(409, "too-many-shares", $"There are {MaxPerSearch} links to photos of this search.", "Revoke one of them first.");
        }

        await keeping.KeepAsync(snapshot.Search, hash, chosen, share.ExpiresAt, cancellationToken);
        await dapr.SaveStateAsync(
            StateKeys.Store, StateKeys.Share(hash), new Share(id, user.Id, [.. chosen.Select(photo => photo.Key)], share.ExpiresAt), share.ExpiresAt - now, cancellationToken);

        // The link works from here on, unless the search or everything was deleted meanwhile: then nothing of it may stay.
        var search = await dapr.UpdateStateAsync<Search>(
            StateKeys.Search(id),
            current => current.Stage == SearchStage.Deleted ? current : current with { Shares = [.. current.Shares.Except(ended), hash] },
            current => current.TimeToLive(time.GetUtcNow()),
            cancellationToken);
        if (search is null or { Stage: SearchStage.Deleted })
        {
            await dapr.DeleteStateAsync(StateKeys.Store, StateKeys.Share(hash), CancellationToken.None);
            await documents.DeleteAsync(StateKeys.Shares(id), CancellationToken.None);
            await keeping.ReleaseAsync(snapshot.Search, hash, CancellationToken.None);
            if (await dapr.UpdatePersonAsync(user.Id, person => person, CancellationToken.None) is null)
            {
                await documents.ForgetAsync(user.Id, StateKeys.Shares(id), CancellationToken.None);
            }

            return Problems.NotFound;
        }

        context.Response.Headers.CacheControl = "no-store";
        var view = View(share, context.Request);
        return TypedResults.Created(view.Url, view);
    }

    private static async Task<Results<Ok<List<ShareView>>, ProblemHttpResult>> ListAsync(
        string id, CurrentUser user, PersonDocuments documents, DaprClient dapr, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        if (await OwnAsync(id, user, dapr, cancellationToken) is not { } search)
        {
            return Problems.NotFound;
        }

        context.Response.Headers.CacheControl = "no-store";
        var (list, _) = await documents.ReadAsync<ShareTokens>(user.Id, StateKeys.Shares(id), cancellationToken);
        var now = time.GetUtcNow();
        return TypedResults.Ok((list?.All ?? []).Where(share => share.ExpiresAt > now && search.Shares.Contains(share.Hash)).Select(share => View(share, context.Request)).ToList());
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> RevokeAsync(
        string id, string token, CurrentUser user, PersonDocuments documents, PhotoKeeping keeping, DaprClient dapr, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await OwnAsync(id, user, dapr, cancellationToken) is not { } search || ShareToken.HashOf(token) is not { } hash || !search.Shares.Contains(hash))
        {
            return Problems.NotFound;
        }

        await dapr.UpdateStateAsync<Search>(
            StateKeys.Search(id),
            current => current.Shares.Contains(hash) ? current with { Shares = [.. current.Shares.Where(other => other != hash)] } : current,
            current => current.TimeToLive(time.GetUtcNow()),
            cancellationToken);
        await dapr.DeleteStateAsync(StateKeys.Store, StateKeys.Share(hash), cancellationToken);
        await keeping.ReleaseAsync(search, hash, cancellationToken);
        await documents.UpdateAsync<ShareTokens>(
            user.Id, StateKeys.Shares(id), (list, _) => list is null ? null : new ShareTokens([.. list.All.Where(other => other.Hash != hash)]), search.TimeToLive(time.GetUtcNow()), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Search?> OwnAsync(string id, CurrentUser user, DaprClient dapr, CancellationToken cancellationToken) =>
        await dapr.GetStateAsync<Search>(StateKeys.Store, StateKeys.Search(id), cancellationToken) is { } search && search.Person == user.Id ? search : null;

    private static ShareView View(ShareToken share, HttpRequest request) =>
        new(share.Token, SharedPhotos.AddressOf(request, share.Token), share.Photos, share.CreatedAt, share.ExpiresAt);
}
