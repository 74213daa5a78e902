using System.Text.Json;
using Dapr;
using Dapr.Client;
using FindMe.Pipeline;

namespace FindMe.Networks;

/// <summary>The accounts that people are signed in with: their tokens, encrypted under the person's key. Api writes them, Collect uses them.</summary>
/// <param name="dapr">The state store.</param>
/// <param name="keys">The encryption keys of people.</param>
/// <param name="tokens">The networks' token endpoints.</param>
/// <param name="time">The clock.</param>
public sealed class Accounts(DaprClient dapr, PersonKeys keys, NetworkTokens tokens, TimeProvider time)
{
    // Longer than a refresh can take (FetchOptions.Timeout by default), so an expired lease means that its holder crashed.
    private static readonly TimeSpan RefreshLease = TimeSpan.FromSeconds(45);

    // A token this close to its expiry could expire in transit.
    private static readonly TimeSpan ExpiryMargin = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan LeasePoll = TimeSpan.FromMilliseconds(100);

    /// <summary>Returns a person's access to a network, and refreshes it if it is about to expire.</summary>
    /// <param name="person">The person.</param>
    /// <param name="network">One of <see cref="SourceNames"/>.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>Null when they are not signed in there, or no longer.</returns>
    /// <exception cref="DaprException">The store could not be read or written.</exception>
    /// <exception cref="FetchException">The token had to be refreshed, and the network could not be reached: try again later.</exception>
    public async Task<AccountToken?> TokenAsync(string person, string network, CancellationToken cancellationToken)
    {
        if (await ReadAsync(person, network, cancellationToken) is not var (document, secrets))
        {
            return null;
        }

        var token = TokenOf(document, secrets);
        return secrets.AccessExpiresAt is { } expiry && expiry - ExpiryMargin < time.GetUtcNow() && NetworkTokens.CanRefresh(secrets)
            ? await RefreshAsync(person, token, cancellationToken)
            : token;
    }

    /// <summary>Refreshes a token that the network rejected with 401. Concurrent callers, in any process, share one request to the network.</summary>
    /// <param name="person">The person.</param>
    /// <param name="refused">The rejected token.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>Null when no new token can be obtained: the person is now signed out and can sign in again.</returns>
    /// <exception cref="DaprException">The store could not be read or written.</exception>
    /// <exception cref="FetchException">The network could not be reached: try again later.</exception>
    public async Task<AccountToken?> RefreshAsync(string person, AccountToken refused, CancellationToken cancellationToken)
    {
        var me = Guid.NewGuid().ToString("N");
        while (true)
        {
            if (await ReadAsync(person, refused.Network, cancellationToken) is not var (document, secrets))
            {
                return null;
            }

            if (document.Generation != refused.Generation)
            {
                return TokenOf(document, secrets);
            }

            if (!NetworkTokens.CanRefresh(secrets))
            {
                await EndAsync(person, refused.Network, cancellationToken);
                return null;
            }

            if (await TryLeaseAsync(person, refused, me, cancellationToken))
            {
                return await RefreshLeasedAsync(person, secrets, me, cancellationToken);
            }

            await Task.Delay(LeasePoll, time, cancellationToken);
        }
    }

    /// <summary>Deletes an account whose access was revoked, together with its owner entry, so that the person can sign in again.</summary>
    /// <param name="person">The person.</param>
    /// <param name="network">One of <see cref="SourceNames"/>.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">The account may still be stored.</exception>
    public async Task EndAsync(string person, string network, CancellationToken cancellationToken)
    {
        await dapr.DeleteStateAsync(StateKeys.Store, StateKeys.Account(person, network), cancellationToken);

        // Do this while the person's document still lists the account: nothing else names it.
        var owner = await dapr.GetStateAsync<Person>(StateKeys.Store, StateKeys.Person(person), cancellationToken);
        foreach (var account in owner?.Accounts.Where(account => account.Network == network) ?? [])
        {
            await dapr.DeleteStateAsync(StateKeys.Store, account.OwnerKey(), cancellationToken);
        }

        await dapr.UpdateStateAsync<Person>(
            StateKeys.Person(person),
            document => document.Accounts.Any(account => account.Network == network)
                ? document with { Accounts = [.. document.Accounts.Where(account => account.Network != network)] }
                : document,
            _ => Person.Retention,
            cancellationToken);
    }

    /// <summary>Returns the secrets of an account, for revoking its access when the person deletes everything.</summary>
    /// <param name="person">The person.</param>
    /// <param name="network">One of <see cref="SourceNames"/>.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>Null when no secrets are stored.</returns>
    /// <exception cref="DaprException">The store could not be read.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">Secrets are stored, but the key ring cannot be read now.</exception>
    public async Task<AccountSecrets?> SecretsAsync(string person, string network, CancellationToken cancellationToken) =>
        (await ReadAsync(person, network, cancellationToken))?.Secrets;

    /// <summary>Saves the secrets of an account that a person has signed in with. Replaces an earlier account on the same network.</summary>
    /// <param name="person">The person.</param>
    /// <param name="secrets">The account's secrets.</param>
    /// <param name="timeToLive">When the secrets are deleted, and the person must sign in again.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">The secrets were not saved.</exception>
    public async Task SaveAsync(string person, AccountSecrets secrets, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        var key = await keys.GetOrCreateAsync(person, timeToLive, cancellationToken);
        // A random generation: a token of the replaced account must not count as one of this account.
        var document = new EncryptedAccount(Encrypt(key, person, secrets), Random.Shared.Next(1 << 20), time.GetUtcNow() + timeToLive);
        // Uses an ETag like the refresh does: on Redis, a key once written with an ETag rejects writes without one.
        await dapr.CreateOrUpdateStateAsync<EncryptedAccount>(StateKeys.Account(person, secrets.Network), _ => document, _ => timeToLive, cancellationToken);
    }

    /// <summary>Revokes a person's access at the network, then deletes it here whatever the network answered.</summary>
    /// <param name="person">The person.</param>
    /// <param name="network">One of <see cref="SourceNames"/>.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>Whether the network confirmed the revocation; also true if there was nothing to revoke.</returns>
    /// <exception cref="DaprException">The account may still be stored.</exception>
    public async Task<bool> RevokeAsync(string person, string network, CancellationToken cancellationToken)
    {
        var revoked = await ReadAsync(person, network, cancellationToken) is not var (_, secrets) || await tokens.TryRevokeAsync(secrets, cancellationToken);
        await EndAsync(person, network, cancellationToken);
        return revoked;
    }

    /// <summary>Saves an account until the person links it. Replaces an earlier one that was not linked.</summary>
    /// <param name="person">The person.</param>
    /// <param name="pending">The account.</param>
    /// <param name="keyLifetime">How long the person's key is kept: as long as the newest data encrypted under it.</param>
    /// <param name="timeToLive">When the account is deleted unless it is linked.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">The account was not saved.</exception>
    public async Task SavePendingAsync(string person, PendingAccount pending, TimeSpan keyLifetime, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        var key = await keys.GetOrCreateAsync(person, keyLifetime, cancellationToken);
        var document = new EncryptedPendingAccount(
            PersonKeys.Encrypt(key, JsonSerializer.SerializeToUtf8Bytes(pending, PipelineJson.Options), StateKeys.PendingAccount(person)));
        await dapr.SaveStateAsync(StateKeys.Store, StateKeys.PendingAccount(person), document, timeToLive, cancellationToken);
    }

    /// <summary>Reads the account that awaits linking.</summary>
    /// <param name="person">The person.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>Null when there is none, or it has expired.</returns>
    /// <exception cref="DaprException">The store could not be read.</exception>
    public async Task<PendingAccount?> ReadPendingAsync(string person, CancellationToken cancellationToken) =>
        await dapr.GetStateAsync<EncryptedPendingAccount>(StateKeys.Store, StateKeys.PendingAccount(person), cancellationToken) is { } document
        && await KeyAsync(person, cancellationToken) is { } key
        && PersonKeys.TryDecrypt(key, document.Encrypted, StateKeys.PendingAccount(person)) is { } plain
            ? JsonSerializer.Deserialize<PendingAccount>(plain, PipelineJson.Options)
            : null;

    /// <summary>Deletes the account that awaits linking, without revoking its access.</summary>
    /// <param name="person">The person.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">The account may still be stored.</exception>
    public Task DeletePendingAsync(string person, CancellationToken cancellationToken) =>
        dapr.DeleteStateAsync(StateKeys.Store, StateKeys.PendingAccount(person), cancellationToken);

    /// <summary>Revokes the access of the account that awaits linking, and deletes it.</summary>
    /// <param name="person">The person.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">The account may still be stored.</exception>
    public async Task RevokePendingAsync(string person, CancellationToken cancellationToken)
    {
        if (await ReadPendingAsync(person, cancellationToken) is { } pending)
        {
            await tokens.TryRevokeAsync(pending.Secrets, cancellationToken);
        }

        await DeletePendingAsync(person, cancellationToken);
    }

    private async Task<bool> TryLeaseAsync(string person, AccountToken refused, string me, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var leased = await dapr.UpdateStateAsync<EncryptedAccount>(
            StateKeys.Account(person, refused.Network),
            document => document.Generation != refused.Generation || (document.RefreshingBy is not null && document.RefreshingUntil > now)
                ? document
                : document with { RefreshingBy = me, RefreshingUntil = now + RefreshLease },
            document => document.ExpiresAt - now,
            cancellationToken);
        return leased?.RefreshingBy == me;
    }

    // Needs the refresh lease: the network takes a refresh token that is used twice for a stolen one.
    private async Task<AccountToken?> RefreshLeasedAsync(string person, AccountSecrets secrets, string me, CancellationToken cancellationToken)
    {
        AccountSecrets? renewed;
        try
        {
            renewed = await tokens.TryRefreshAsync(secrets, cancellationToken);
        }
        catch (Exception exception) when (exception is FetchException or OperationCanceledException)
        {
            await UpdateLeasedAsync(person, secrets.Network, me, document => document with { RefreshingBy = null, RefreshingUntil = null }, CancellationToken.None);
            throw;
        }

        if (renewed is null)
        {
            await EndAsync(person, secrets.Network, cancellationToken);
            return null;
        }

        // Not cancellable: the old token is used up, so the new one must be written.
        var key = await KeyAsync(person, CancellationToken.None);
        var written = key is null ? null : await UpdateLeasedAsync(
            person,
            secrets.Network,
            me,
            document => document with { Ciphertext = Encrypt(key, person, renewed), Generation = document.Generation + 1, RefreshingBy = null, RefreshingUntil = null },
            CancellationToken.None);
        if (written is null)
        {
            // The person signed out or deleted everything during the refresh: revoke the new token.
            await tokens.TryRevokeAsync(renewed, CancellationToken.None);
            return null;
        }

        return TokenOf(written, renewed);
    }

    private async Task<EncryptedAccount?> UpdateLeasedAsync(
        string person, string network, string me, Func<EncryptedAccount, EncryptedAccount> change, CancellationToken cancellationToken)
    {
        var mine = false;
        var document = await dapr.UpdateStateAsync<EncryptedAccount>(
            StateKeys.Account(person, network),
            current => (mine = current.RefreshingBy == me) ? change(current) : current,
            current => current.ExpiresAt - time.GetUtcNow(),
            cancellationToken);
        return mine ? document : null;
    }

    private async Task<(EncryptedAccount Document, AccountSecrets Secrets)?> ReadAsync(string person, string network, CancellationToken cancellationToken)
    {
        var (keyName, name) = (StateKeys.PersonKey(person), StateKeys.Account(person, network));
        var found = await dapr.GetBulkStateAsync(StateKeys.Store, [keyName, name], cancellationToken);
        if (!found.TryGetValue(name, out var entry)
            || !found.TryGetValue(keyName, out var wrapped)
            || keys.TryUnwrap(wrapped.Value.Read<WrappedKey>()) is not { } key)
        {
            return null;
        }

        var document = entry.Value.Read<EncryptedAccount>();
        return PersonKeys.TryDecrypt(key, document.Ciphertext, Context(person, network)) is { } plain
            && JsonSerializer.Deserialize<AccountSecrets>(plain, PipelineJson.Options) is { } secrets
            ? (document, secrets)
            : null;
    }

    private async Task<byte[]?> KeyAsync(string person, CancellationToken cancellationToken) =>
        await dapr.GetStateAsync<WrappedKey>(StateKeys.Store, StateKeys.PersonKey(person), cancellationToken) is { } wrapped ? keys.TryUnwrap(wrapped) : null;

    private static string Encrypt(byte[] key, string person, AccountSecrets secrets) =>
        PersonKeys.Encrypt(key, JsonSerializer.SerializeToUtf8Bytes(secrets, PipelineJson.Options), Context(person, secrets.Network));

    // Binds the ciphertext to its key in the store, as for references.
    private static string Context(string person, string network) => $"{person}/account/{network}";

    private static AccountToken TokenOf(EncryptedAccount document, AccountSecrets secrets) =>
        new(secrets.Network, secrets.Server, secrets.Handle, secrets.AccessToken, document.Generation);
}
