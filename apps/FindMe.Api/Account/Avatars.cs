using FindMe.Faces;
using FindMe.Networks;
using FindMe.Pipeline;

namespace FindMe.Api;

/// <summary>Fetches the pictures of people's accounts on demand, with limits. FindMe never stores them, and serves them from its own origin only.</summary>
internal sealed class Avatars(OutsideHttp http, FaceReader faces)
{
    // Networks accept avatars of up to 2 MB; some return a PNG that is larger.
    private const int MaxBytes = 4 << 20;
    private const int ShownSide = 400;

    // The longest time that a person who adds a selfie waits for the network.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>Fetches the picture's bytes.</summary>
    /// <exception cref="FetchException">The picture could not be fetched.</exception>
    public async Task<byte[]> FetchAsync(Uri avatar, CancellationToken cancellationToken)
    {
        var answer = await http.SendAsync(new FetchRequest(avatar) { Accept = "image/*", MaxBytes = MaxBytes }, cancellationToken);
        return answer.IsSuccess ? answer.Body : throw new FetchException(FetchProblem.Unreachable, $"The network answered {(int)answer.Status}.");
    }

    /// <summary>Fetches the picture and re-encodes it for the page.</summary>
    /// <exception cref="FetchException">The picture could not be fetched.</exception>
    /// <exception cref="PhotoException">The picture could not be decoded.</exception>
    public async Task<byte[]> RenderAsync(Uri avatar, CancellationToken cancellationToken) =>
        await faces.RenderAsync(await FetchAsync(avatar, cancellationToken), ShownSide, cancellationToken);

    /// <summary>Returns a question for a person whose selfie resembles none of their accounts' pictures.</summary>
    /// <param name="accounts">Their accounts.</param>
    /// <param name="shown">The face on the selfie.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The question; null when a picture resembles the selfie, or none shows exactly one clear face.</returns>
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
                // Without a picture there is nothing to compare.
            }
        }

        return unlike;
    }
}
