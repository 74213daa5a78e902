using FindMe.Faces;
using FindMe.Pipeline;

namespace FindMe.Api;

/// <summary>What becomes of a face that is shown beside those shown before.</summary>
internal enum Fit
{
    /// <summary>It is used: it is the first, or near one that is used.</summary>
    Used,

    /// <summary>It may be the same person; it waits, unused, until another photo is near both.</summary>
    Waiting,

    /// <summary>It is another person.</summary>
    OtherPerson,

    /// <summary>References are there that it was not compared with.</summary>
    NotCompared,
}

/// <summary>Keeps the references of a person to one person.</summary>
/// <param name="matchDistance">References this near are of one person.</param>
/// <param name="otherPersonDistance">References farther apart than this are of two people.</param>
/// <param name="recipe">The engine's recipe: only its embeddings can be compared.</param>
internal sealed class OnePerson(float matchDistance, float otherPersonDistance, string recipe)
{
    /// <summary>Decides on a face.</summary>
    /// <param name="person">Their document.</param>
    /// <param name="distances">The face's distance to each reference by id; null where the reference is gone.</param>
    public Fit FitOf(Person person, IReadOnlyDictionary<string, float?> distances)
    {
        var others = person.References.Where(reference => reference.Recipe == recipe).ToList();
        if (others.Any(reference => !distances.ContainsKey(reference.Id)))
        {
            return Fit.NotCompared;
        }

        var used = person.ReferencesInUse(recipe).Where(reference => distances[reference.Id] is not null).ToList();
        return used.Count == 0 ? Fit.Used : used.Min(reference => distances[reference.Id]!.Value) switch
        {
            var nearest when nearest <= matchDistance => Fit.Used,
            var nearest when nearest <= otherPersonDistance => Fit.Waiting,
            _ => Fit.OtherPerson,
        };
    }

    /// <summary>The ids of the references near a face.</summary>
    public IReadOnlyList<string> NearOf(IReadOnlyDictionary<string, float?> distances) =>
        [.. distances.Where(other => other.Value <= matchDistance).Select(other => other.Key)];

    /// <summary>The distance of a face to each of some references.</summary>
    public static Dictionary<string, float?> DistancesOf(FaceEmbedding face, IEnumerable<string> ids, IReadOnlyDictionary<string, DecryptedReference> references) =>
        ids.ToDictionary(
            id => id, id => references.TryGetValue(id, out var reference) ? FaceEmbedding.FromBytes(reference.Embedding).DistanceTo(face) : (float?)null);
}
