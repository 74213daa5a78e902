using System.Security.Cryptography;
using Dapr;
using Dapr.Client;
using FindMe.Networks;
using FindMe.Pipeline;
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
/// <remarks>
/// Once begun it goes on, whether or not the browser waits for it. Who is deleting stands in a list as well until all is gone: what an app
/// that dies has left is deleted by the next one that looks.
/// </remarks>
internal sealed partial class AccountDeletion(
    PersonKeys keys,
    References references,
    Judgements judgements,
    SearchDeletion searches,
    Accounts accounts,
    NetworkTokens tokens,
    UploadDeletion uploads,
    DaprClient dapr,
    TimeProvider time,
    IHostApplicationLifetime lifetime,
    ILogger<AccountDeletion> logger) : BackgroundService
{
    // The networks are asked last, for a person who waits for the answer.
    private static readonly TimeSpan RevocationTime = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(10);

    /// <summary>Deletes everything about a person; nothing happens where all is gone.</summary>
    /// <exception cref="DaprException">Some of it may still be there; it is deleted later, or when this is asked again.</exception>
    public async Task<Forgotten> ForgetAsync(string id)
    {
        var cancellationToken = lifetime.ApplicationStopping;
        await ChangeAsync(others => others.Contains(id) ? others : [.. others, id], cancellationToken);
        if (await dapr.UpdateStateAsync<Person>(
            StateKeys.Person(id), person => person with { Deleting = true }, _ => CurrentUsers.Retention, cancellationToken) is not { } person)
        {
            await ChangeAsync(others => [.. others.Where(other => other != id)], cancellationToken);
            return new Forgotten(new ForgottenCounts(0, 0, 0), []);
        }

        // From here on nothing can be added to their document: it names all there is. The key opens the tokens, so those are read before.
        var secrets = await ReadSecretsAsync(id, person, cancellationToken);
        var pending = await ReadPendingAsync(id, cancellationToken);
        await accounts.DeletePendingAsync(id, cancellationToken);
        await keys.ShredAsync(id, cancellationToken);
        await judgements.DeleteAsync(id, cancellationToken);
        var photos = 0;
        foreach (var search in person.Searches)
        {
            photos += await searches.DeleteAsync(search, cancellationToken);
        }

        foreach (var upload in person.Uploads.Union(person.KeptUploads))
        {
            await uploads.DeleteAsync(id, upload, cancellationToken);
        }

        foreach (var reference in person.References)
        {
            await references.DeleteAsync(id, reference.Id, cancellationToken);
        }

        foreach (var account in person.Accounts)
        {
            await accounts.EndAsync(id, account.Network, cancellationToken);
        }

        await dapr.DeleteStateAsync(StateKeys.Store, StateKeys.Person(id), cancellationToken);
        await ChangeAsync(others => [.. others.Where(other => other != id)], cancellationToken);
        if (pending is not null)
        {
            await RevokeAsync(isRead: true, pending.Secrets, cancellationToken);
        }

        return new Forgotten(
            new ForgottenCounts(person.References.Count, person.Searches.Count, photos),
            await Task.WhenAll(secrets.Select(async account => new SignedOut(account.Network, await RevokeAsync(account.Read, account.Secrets, cancellationToken)))));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(SweepInterval, time);
        do
        {
            try
            {
                foreach (var id in (await dapr.GetStateAsync<DeletingPeople>(StateKeys.Store, StateKeys.Deleting, stoppingToken))?.People ?? [])
                {
                    await ForgetAsync(id);
                }
            }
            catch (DaprException exception)
            {
                LogUnavailable(logger, exception.Message);
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                // The next look finds the same people. Thrown on, it would end the app.
                LogNotSwept(logger, exception);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task<IReadOnlyList<(string Network, bool Read, AccountSecrets? Secrets)>> ReadSecretsAsync(string id, Person person, CancellationToken cancellationToken)
    {
        var secrets = new List<(string Network, bool Read, AccountSecrets? Secrets)>();
        foreach (var account in person.Accounts)
        {
            try
            {
                secrets.Add((account.Network, true, await accounts.SecretsAsync(id, account.Network, cancellationToken)));
            }
            catch (CryptographicException)
            {
                // Nothing keeps anything here from being deleted: they end the access there themselves.
                secrets.Add((account.Network, false, null));
            }
        }

        return secrets;
    }

    private async Task<PendingAccount?> ReadPendingAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            return await accounts.ReadPendingAsync(id, cancellationToken);
        }
        catch (CryptographicException)
        {
            // As with the linked accounts: nothing keeps anything here from being deleted.
            return null;
        }
    }

    private async Task<bool> RevokeAsync(bool isRead, AccountSecrets? secrets, CancellationToken cancellationToken)
    {
        if (secrets is null)
        {
            return isRead;
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(RevocationTime);
        try
        {
            return await tokens.TryRevokeAsync(secrets, deadline.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private Task<DeletingPeople> ChangeAsync(Func<IReadOnlyList<string>, IReadOnlyList<string>> change, CancellationToken cancellationToken) =>
        dapr.CreateOrUpdateStateAsync<DeletingPeople>(
            StateKeys.Deleting, deleting => new DeletingPeople(change(deleting?.People ?? [])), _ => CurrentUsers.Retention, cancellationToken);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The list of deleted accounts could not be read; will retry: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to delete data of deleted accounts; will retry.")]
    private static partial void LogNotSwept(ILogger logger, Exception exception);

    /// <summary>Those who are deleting.</summary>
    private sealed record DeletingPeople(IReadOnlyList<string> People) : Document;
}

/// <summary>What is said of deletions that go on later.</summary>
internal static partial class AccountDeletionLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to delete data of a deleted account; will retry: {Reason}")]
    public static partial void Later(ILogger logger, string reason);
}

/// <summary>DELETE everything.</summary>
internal static class AccountDeletionRoutes
{
    public static void AddAccountDeletion(this IServiceCollection services)
    {
        services.AddSingleton<AccountDeletion>();
        services.AddHostedService(provider => provider.GetRequiredService<AccountDeletion>());
    }

    public static void MapAccountDeletion(this IEndpointRouteBuilder routes) =>
        routes.MapDelete("/api/me", ForgetAsync).WithSummary("Delete everything about me, and say what was deleted.");

    // Asked twice, or by somebody FindMe does not know, there is nothing left to delete.
    private static async Task<Ok<Forgotten>> ForgetAsync(HttpContext context, AccountDeletion forgetting)
    {
        var forgotten = await CurrentUsers.KnownUserOfAsync(context) is { } user
            ? await forgetting.ForgetAsync(user.Id)
            : new Forgotten(new ForgottenCounts(0, 0, 0), []);
        await context.SignOutAsync();
        return TypedResults.Ok(forgotten);
    }
}
