using System.Security.Cryptography;
using Dapr;
using Dapr.Client;
using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FindMe.Api;

/// <summary>The result of deleting everything about a person.</summary>
/// <param name="Deleted">The number of deleted items.</param>
/// <param name="Accounts">The accounts that were signed out, and whether their networks confirmed that the access was revoked.</param>
internal sealed record DeletionResult(DeletedCounts Deleted, IReadOnlyList<SignedOut> Accounts);

/// <summary>The number of deleted items.</summary>
internal sealed record DeletedCounts(int References, int Searches, int Photos);

/// <summary>Deletes everything about a person: the key first, so that no embedding can be decrypted from then on, then the rest.</summary>
/// <remarks>
/// A deletion continues even if the browser disconnects. A list names everybody whose deletion is not complete, so that another app finishes the
/// deletion of an app that crashed.
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
    // Revocation at the networks comes last and has a timeout, because the person waits for the response.
    private static readonly TimeSpan RevocationTime = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(10);

    /// <summary>Deletes everything about a person. Does nothing if all of it is deleted already.</summary>
    /// <exception cref="DaprException">Some data may still be stored; it is deleted later, or when this is called again.</exception>
    public async Task<DeletionResult> DeleteAsync(string id)
    {
        var cancellationToken = lifetime.ApplicationStopping;
        await ChangeAsync(others => others.Contains(id) ? others : [.. others, id], cancellationToken);
        if (await dapr.UpdateStateAsync<Person>(
            StateKeys.Person(id), person => person with { Deleting = true }, _ => CurrentUsers.Retention, cancellationToken) is not { } person)
        {
            await ChangeAsync(others => [.. others.Where(other => other != id)], cancellationToken);
            return new DeletionResult(new DeletedCounts(0, 0, 0), []);
        }

        // From here on nothing can be added to the document, so it names everything to delete. Read the tokens before their key is deleted.
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

        return new DeletionResult(
            new DeletedCounts(person.References.Count, person.Searches.Count, photos),
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
                    await DeleteAsync(id);
                }
            }
            catch (DaprException exception)
            {
                LogUnavailable(logger, exception.Message);
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                // The next round finds the same people. An exception thrown from here would stop the app.
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
                // A token that cannot be decrypted must not block the deletion; the person can revoke the access at the network.
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
            // As above: must not block the deletion.
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to reach the store to delete data of deleted accounts; will retry: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to delete data of deleted accounts; will retry.")]
    private static partial void LogNotSwept(ILogger logger, Exception exception);

    /// <summary>The people whose deletion is not complete.</summary>
    private sealed record DeletingPeople(IReadOnlyList<string> People) : Document;
}

/// <summary>Log lines about deletions that continue later.</summary>
internal static partial class AccountDeletionLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to delete data of a deleted account; will retry: {Reason}")]
    public static partial void Delayed(ILogger logger, string reason);
}

/// <summary>Maps DELETE /api/me.</summary>
internal static class AccountDeletionRoutes
{
    public static void AddAccountDeletion(this IServiceCollection services)
    {
        services.AddSingleton<AccountDeletion>();
        services.AddHostedService(provider => provider.GetRequiredService<AccountDeletion>());
    }

    public static void MapAccountDeletion(this IEndpointRouteBuilder routes) =>
        routes.MapDelete("/api/me", DeleteAsync).WithSummary("Delete everything about me; returns what was deleted.");

    // Idempotent: a repeated request, or one from an unknown person, deletes nothing.
    private static async Task<Ok<DeletionResult>> DeleteAsync(HttpContext context, AccountDeletion deletion)
    {
        var deleted = await CurrentUsers.KnownUserOfAsync(context) is { } user
            ? await deletion.DeleteAsync(user.Id)
            : new DeletionResult(new DeletedCounts(0, 0, 0), []);
        await context.SignOutAsync();
        return TypedResults.Ok(deleted);
    }
}
