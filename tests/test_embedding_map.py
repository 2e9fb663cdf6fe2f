"""The map's components compared with numpy's covariance, and the distances that they preserve."""

import numpy as np
import pytest
import torch

from model.embed.embeddings import nearest
from model.embed.pca import MAX_PROMPT_POINTS, embedding_map, principal_components


@pytest.fixture(scope="module")
def ids(lm):
    return lm.tokenizer("The cat sat on the mat, and the dog sat on the cat.")["input_ids"]


def test_explained_variance_equals_the_eigenvalues_of_numpys_covariance(lm, ids):
    found = embedding_map(lm, ids, 0)
    rows = lm.model.model.embed_tokens.weight.detach().numpy()[[t.id for t in found.tokens]]
    eigenvalues = np.linalg.eigvalsh(np.cov(rows.astype(np.float64).T))[::-1]
    np.testing.assert_allclose(found.explained, (eigenvalues / eigenvalues.sum())[:3], rtol=1e-4)
    variance = found.components.astype(np.float64).var(axis=0, ddof=1)
    np.testing.assert_allclose(variance, eigenvalues[:3], rtol=1e-4)


def test_all_components_together_reconstruct_every_distance():
    rows = torch.randn(12, 20, generator=torch.Generator().manual_seed(1))
    components, explained = principal_components(rows, 12)
    torch.testing.assert_close(torch.pdist(components), torch.pdist(rows), rtol=1e-4, atol=1e-4)
    assert float(explained.sum()) == pytest.approx(1.0, abs=1e-6)


def test_signs_are_the_same_whatever_sign_the_svd_chose():
    rows = torch.randn(9, 6, generator=torch.Generator().manual_seed(2))
    components, _ = principal_components(rows, 3)
    centred = (rows - rows.mean(0)).double()
    directions = torch.linalg.lstsq(centred, components.double()).solution
    loadings = directions.gather(0, directions.abs().argmax(0, keepdim=True))
    assert (loadings > 0).all()


def test_one_point_has_no_variance_and_no_missing_axis():
    components, explained = principal_components(torch.ones(1, 8), 3)
    assert components.tolist() == [[0.0, 0.0, 0.0]]
    assert explained.tolist() == [0.0, 0.0, 0.0]


def test_distance_error_is_the_mean_relative_error_over_pairs(lm, ids):
    found = embedding_map(lm, ids, 0)
    rows = lm.model.model.embed_tokens.weight.detach().numpy()[[t.id for t in found.tokens]]
    n = len(rows)
    errors = [
        abs(np.linalg.norm(found.components[i] - found.components[j]) / d - 1)
        for i in range(n)
        for j in range(i)
        if (d := np.linalg.norm(rows[i] - rows[j])) > 0
    ]
    assert found.distance_error == pytest.approx(np.mean(errors), rel=1e-3)


def test_points_are_the_different_prompt_tokens_then_their_nearest_neighbours(lm, ids):
    found = embedding_map(lm, ids, 0)
    shown = [token.id for token in found.tokens]
    unique = list(dict.fromkeys(ids))
    assert shown[: len(found.links)] == unique
    assert len(set(shown)) == len(shown)
    for point, links in enumerate(found.links):
        assert found.positions[point] == tuple(p for p, i in enumerate(ids) if i == unique[point])
        near = nearest(lm, unique[point], len(links)).neighbours
        assert [shown[link] for link in links] == [token.id for token in near]


def test_a_long_prompt_is_windowed_and_says_how_many_it_left_out(lm):
    found = embedding_map(lm, list(range(1000, 1300)), 200)
    assert len(found.links) == MAX_PROMPT_POINTS < found.n_prompt_all
    assert any(200 in places for places in found.positions)
