using FindMe.Pipeline;
using FindMe.Pipeline.Dapr;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FindMe.Api;

/// <summary>What was deleted.</summary>
/// <param name="Deleted">How much.</param>
/// <param name="Accounts">The accounts that were signed out, and whether their networks have confirmed that the access is gone.</param>
internal sealed record Forgotten(ForgottenCounts Deleted, IReadOnlyList<SignedOut> Accounts);

/// <summary>How much was deleted.</summary>
internal sealed record ForgottenCounts(int References, int Searches, int Photos);

/// <summary>"Delete everything about me": the key first, so that no embedding can be read from that moment on, then all the rest.</summary>
internal static class Forgetting
{
    public static void MapForgetting(this IEndpointRouteBuilder routes) =>
        routes.MapDelete("/api/me", ForgetAsync).WithSummary("Delete everything about me, and say what was deleted.");

    // Asked twice, or by somebody FindMe does not know, there is nothing left to delete.
    private static async Task<Ok<Forgotten>> ForgetAsync(
        HttpContext context,
        PersonKeys keys,
        References references,
        SearchDeletion searches,
        Accounts accounts,
        AccountOwners owners,
        UploadDeletion uploads,
        DaprClient dapr,
        CancellationToken cancellationToken)
    {
        if (await Callers.KnownCallerOfAsync(context) is not { } caller
            || await dapr.UpdateStateAsync<Person>(
                StateKeys.Person(caller.Id), person => person with { Leaving = true }, _ => Callers.Retention, cancellationToken) is not { } person)
        {
            await context.SignOutAsync();
            return TypedResults.Ok(new Forgotten(new ForgottenCounts(0, 0, 0), []));
        }

        // From here on nothing can be added to their document: it names all there is. The networks first, since the key opens the
        // tokens; one that does not answer keeps nothing here from being deleted.
        var signedOut = new List<SignedOut>();
        foreach (var account in person.Accounts)
        {
            signedOut.Add(new SignedOut(account.Network, await accounts.RevokeAsync(caller.Id, account.Network, cancellationToken)));
            await owners.ForgetAsync(account, cancellationToken);
        }

        await keys.ShredAsync(caller.Id, cancellationToken);
        var photos = 0;
        foreach (var search in person.Searches)
        {
            photos += await searches.DeleteAsync(search, cancellationToken);
        }

        foreach (var upload in person.Uploads)
        {
            await uploads.DeleteAsync(caller.Id, upload, cancellationToken);
        }

        foreach (var reference in person.References)
        {
            await references.DeleteAsync(caller.Id, reference.Id, cancellationToken);
        }

        await dapr.DeleteStateAsync(StateKeys.Store, StateKeys.Person(caller.Id), cancellationToken);
        await context.SignOutAsync();
        return TypedResults.Ok(new Forgotten(new ForgottenCounts(person.References.Count, person.Searches.Count, photos), signedOut));
    }
}
