using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>Whether a photo shows a person whose vectors are known.</summary>
/// <param name="Present">Whether it does.</param>
/// <param name="Distance">Distance of the nearest face from the person; null where the photo shows no face.</param>
/// <param name="Box">Where that face is, in pixels of the upright full-size photo; null where there is none.</param>
/// <param name="Faces">How many faces the photo shows.</param>
public sealed record FacePresence(bool Present, float? Distance, Box? Box, int Faces);

/// <summary>Decides whether photos show one person: by a threshold or, with a background, by the nearest neighbours.</summary>
/// <remarks>Immutable, and safe to share between threads.</remarks>
public sealed class FaceVectorRecognition
{
    /// <summary>How many neighbours decide with a background; fewer where the person has too few vectors to be most of them.</summary>
    public const int Neighbours = 5;

    /// <summary>Least confidence, by its distance alone, of a face that neighbours may take for the person's: among few strangers everybody has the person as neighbour.</summary>
    public const float LeastConfidence = 0.05f;

    private readonly FaceEngine _engine;
    private readonly IReadOnlyList<FaceEmbedding> _person;
    private readonly IReadOnlyList<FaceEmbedding>? _background;
    private readonly int _neighbours;

    /// <summary>Checks that all vectors are the engine's.</summary>
    /// <param name="engine">The engine that will analyse the photos.</param>
    /// <param name="person">The person's vectors.</param>
    /// <param name="background">Vectors of many other people; null: the threshold decides.</param>
    /// <param name="trustLength">Whether vectors that do not say what made them are taken if they have the right length.</param>
    /// <exception cref="FaceVectorsException">Another recipe made them; the message names it.</exception>
    public FaceVectorRecognition(FaceEngine engine, FaceVectors person, FaceVectors? background = null, bool trustLength = false)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(person);
        person.ThrowIfNotOf(engine, trustLength);
        background?.ThrowIfNotOf(engine, trustLength);
        _engine = engine;
        _person = person.Vectors;
        _background = background?.Vectors;

        // The majority of k must be reachable: k = 2n − 1 with n vectors.
        _neighbours = Math.Min(Neighbours, (2 * _person.Count) - 1);
    }

    /// <summary>Decides.</summary>
    /// <param name="photo">What the engine found in the photo.</param>
    public FacePresence Recognize(AnalyzedPhoto photo)
    {
        ArgumentNullException.ThrowIfNull(photo);
        var best = new FacePresence(false, null, null, photo.Faces.Count);
        foreach (var face in photo.Faces)
        {
            var distance = DistanceTo(face.Embedding);
            var present = _background is null ? distance <= _engine.MatchDistance : IsPlausible(distance) && IsAmongPerson(face.Embedding, _background);
            if (best.Distance is null || (present, -distance).CompareTo((best.Present, -best.Distance.Value)) > 0)
            {
                best = best with { Present = present, Distance = distance, Box = face.Box };
            }
        }

        return best;
    }

    /// <summary>Distance of a face from the person: from the nearest vector, which docs/accuracy.md found better than the photo's own alone.</summary>
    internal float DistanceTo(FaceEmbedding face)
    {
        var least = float.PositiveInfinity;
        foreach (var vector in _person)
        {
            least = Math.Min(least, face.DistanceTo(vector));
        }

        return least;
    }

    /// <summary>Whether a face at this distance can be the person's at all.</summary>
    internal bool IsPlausible(float distance) => _engine.ConfidenceAt(distance) >= LeastConfidence;

    /// <summary>Whether most of the nearest vectors are the person's.</summary>
    internal bool IsAmongPerson(FaceEmbedding face, IEnumerable<FaceEmbedding> background)
    {
        // It is, exactly if the person's (k + 1) / 2-nearest vector is nearer than the background's.
        var majority = (_neighbours + 1) / 2;
        return Nearest(_person, majority) < Nearest(background, majority);

        float Nearest(IEnumerable<FaceEmbedding> vectors, int rank)
        {
            // A handful at most: kept in order by insertion.
            Span<float> nearest = stackalloc float[rank];
            nearest.Fill(float.PositiveInfinity);
            foreach (var vector in vectors)
            {
                var distance = vector.DistanceTo(face);
                for (var i = 0; i < rank; i++)
                {
                    if (distance < nearest[i])
                    {
                        (nearest[i], distance) = (distance, nearest[i]);
                    }
                }
            }

            return nearest[^1];
        }
    }
}
