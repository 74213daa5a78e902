using FindMe.Faces;
using FindMe.Networks;
using FindMe.Pipeline;

namespace FindMe.Api;

/// <summary>The pictures of people's accounts: fetched within bounds when they are wanted, shown from here only, and not kept.</summary>
internal sealed class Avatars(OutsideHttp http, FaceReader faces)
{
    // No network takes an avatar of more than 2 MB; some give back a PNG that is larger.
    private const int MaxBytes = 4 << 20;
    private const int ShownSide = 400;

    // Whoever shows their face waits for the network no longer than this.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>The picture's bytes.</summary>
    /// <exception cref="FetchException">It cannot be had.</exception>
    public async Task<byte[]> FetchAsync(Uri avatar, CancellationToken cancellationToken)
    {
        var answer = await http.SendAsync(new FetchRequest(avatar) { Accept = "image/*", MaxBytes = MaxBytes }, cancellationToken);
        return answer.IsSuccess ? answer.Body : throw new FetchException(FetchProblem.Unreachable, $"The network answered {(int)answer.Status}.");
    }

    /// <summary>The picture as the page may show it: decoded and encoded anew, whatever it was.</summary>
    /// <exception cref="FetchException">It cannot be had.</exception>
    /// <exception cref="PhotoException">It cannot be read.</exception>
    public async Task<byte[]> RenderAsync(Uri avatar, CancellationToken cancellationToken) =>
        await faces.RenderAsync(await FetchAsync(avatar, cancellationToken), ShownSide, cancellationToken);

    /// <summary>Asks a person whose shown face looks like none of their accounts' pictures.</summary>
    /// <param name="accounts">Their accounts.</param>
    /// <param name="shown">The face they show.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The question; null where a face is alike, or no picture shows one face clearly.</returns>
    public async Task<string?> QuestionAsync(IReadOnlyList<AccountSummary> accounts, FaceEmbedding shown, CancellationToken cancellationToken)
    {
        string? unlike = null;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Timeout);
        foreach (var account in accounts.Where(account => account.Avatar is not null))
        {
            try
            {
                var reading = await faces.ReadAsync(await FetchAsync(account.Avatar!, deadline.Token), face: null, deadline.Token);
                if (reading is not { Problem: null, Embedding: { } embedding })
                {
                    continue;
                }

                if (embedding.DistanceTo(shown) <= faces.OtherPersonDistance)
                {
                    return null;
                }

                unlike = $"This face does not look like the picture of your account @{account.Handle}. Is it you? FindMe is for finding yourself.";
            }
            catch (Exception exception) when (exception is FetchException or PhotoException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                // Without the picture there is nothing to ask.
            }
        }

        return unlike;
    }
}
